using System.Diagnostics;
using System.Text;
using AiPlatform.Gateway.StructuredOutput;
using Xunit;

namespace AiPlatform.Tests.Gateway.StructuredOutput;

/// <summary>
/// Schemas and answers that were made to take long. Each is refused, checked or given up within the steps and the memory of one call. The
/// test's output has the CPU time of each; run these tests alone to read it.
/// </summary>
public sealed class SchemaBombTests(ITestOutputHelper output)
{
    private const long MostBytes = 64 * 1024 * 1024;

    private readonly ITestOutputHelper _output = output;

    /// <summary>A name, what becomes of it, the schema, and the answer.</summary>
    private static readonly (string Name, Ends Ends, Func<string> Schema, Func<string> Answer)[] Bombs =
    [
        ("counted repetition under repetition", Ends.DoesNotFit, () => Pattern("(.*a){1,900}b"), () => Text(2_000)),
        ("the same, long answer", Ends.TakesTooMuch, () => Pattern("(.*a){1,900}b"), () => Text(200_000)),
        ("nested counts", Ends.Refused, () => Pattern("((((a{9}){9}){9}){9}){9}"), () => "1"),
        ("count of nothing", Ends.Refused, () => Pattern("(){1000000000}"), () => "1"),
        ("alternation under repetition", Ends.DoesNotFit, () => Pattern("^((a|aa|aaa|a?)+)+$"), () => $"\"{new string('a', 100_000)}!\""),
        ("thousands of patterns", Ends.Refused, () => All(4_000, i => $$"""{"pattern":"[\\p{L}\\d]{1,30}x\\w*{{i}}"}"""), () => "\"x\""),
        ("thousands of small patterns", Ends.TakesTooMuch, () => All(4_000, i => Pattern($"x{i}y"), "anyOf"), () => Text(100_000)),
        ("one pattern thousands of times", Ends.TakesTooMuch, () => All(9_000, _ => Pattern("^(a|b)*c"), "anyOf"), () => Text(100_000)),
        ("classes of many ranges", Ends.Fits, () => All(20, i => Pattern($"[^{ManyRanges(i)}]")), () => Text(1_000)),
        ("patterns for many names", Ends.TakesTooMuch, () => Keyed("patternProperties", 2_000, i => $"^p{i}.*z$", _ => "{}"),
            () => Fields(40_000)),
        ("properties and no pattern", Ends.Fits, () => Keyed("properties", 10_000 - 2, i => $"f{i}", _ => "true"), () => Fields(40_000)),
        ("a fan of references", Ends.TakesTooMuch, () => Fan("anyOf", 40), () => "1"),
        ("a fan of references that must all fit", Ends.TakesTooMuch, () => Fan("allOf", 40), () => "\"a\""),
        ("a fan of one of each", Ends.TakesTooMuch, () => Fan("oneOf", 40), () => "\"a\""),
        ("a fan of not", Ends.TakesTooMuch, () => Fan("anyOf", 40, "{\"not\":", "}"), () => "1"),
        ("a fan that is explained", Ends.TakesTooMuch, () => ItemFan(30), () => $"{new string('[', 30)}1{new string(']', 30)}"),
        ("deep allOf", Ends.DoesNotFit, () => Nested("{\"allOf\":[", "]}", 60), () => "1"),
        ("deep anyOf", Ends.DoesNotFit, () => Nested("{\"anyOf\":[", "]}", 60), () => "1"),
        ("deep oneOf", Ends.DoesNotFit, () => Nested("{\"oneOf\":[", "]}", 60), () => "1"),
        ("nested too deep", Ends.Refused, () => Nested("{\"not\":", "}", 10_000), () => "1"),
        ("itself", Ends.Refused, () => """{"$ref":"#"}""", () => "1"),
        ("itself, by way of another", Ends.Refused, () => """{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"$ref":"#"}}}""", () => "1"),
        ("too many parts", Ends.Refused, () => All(100_000, _ => "{}"), () => "1"),
        ("unique objects without end", Ends.TakesTooMuch, () => """{"uniqueItems":true}""", () => Array(100_000, i => $$"""{"b":{{i}},"a":1}""")),
        ("a chain of references", Ends.DoesNotFit, () => Chain(9_000), () => "1"),
        ("unique objects", Ends.Fits, () => """{"uniqueItems":true}""", () => Array(40_000, i => $$"""{"b":{{i}},"a":1}""")),
        ("unique small items", Ends.Fits, () => """{"uniqueItems":true}""", () => Array(100_000, i => $"{i}")),
        ("unique strings of one hash", Ends.Fits, () => """{"uniqueItems":true}""", () => $"[{string.Join(',', OfOneHash(30_000))}]"),
        ("unique on every level", Ends.TakesTooMuch, () => """{"uniqueItems":true,"items":{"$ref":"#"}}""", () => Levels(100, 100_000)),
        ("an enum of many", Ends.DoesNotFit, () => $$"""{"enum":{{Array(60_000, i => $"{i}")}}}""", () => "\"a\""),
        ("an enum of more bytes than a schema has", Ends.Refused, () => $$"""{"enum":{{Array(100_000, i => $"{i}")}}}""", () => "\"a\""),
        ("an enum of one hash", Ends.DoesNotFit, () => $$"""{"enum":[{{string.Join(',', OfOneHash(6_000))}}]}""", () => "\"a\""),
        ("enums of objects, asked of a large answer", Ends.TakesTooMuch, () => All(1_000, i => $$"""{"enum":[{"a":{{i}}}]}""", "anyOf"), () => Fields(40_000)),
        ("a huge const", Ends.DoesNotFit, () => $$"""{"const":{{Text(500_000)}}}""", () => Text(500_000, 'b')),
        ("huge consts that are explained", Ends.DoesNotFit, () => All(8, i => $$"""{"const":{{Text(60_000 + i)}}}""", "anyOf"), () => "1"),
        ("a name of a megabyte", Ends.DoesNotFit, () => """{"additionalProperties":{"additionalProperties":{"type":"null"}}}""", () => $$"""{"a":{{{Text(1_000_000)}}:1,"{{new string('~', 1_000_000)}}":2} }"""),
        ("names, each a value", Ends.TakesTooMuch, () => All(200, i => $$"""{"propertyNames":{"minLength":{{i}}} }"""), () => Fields(40_000)),
        ("required fields of a large object", Ends.DoesNotFit, () => $$"""{"required":{{Array(50_000, i => $"\"r{i}\"")}}}""", () => Fields(40_000)),
        ("required fields beside an escaped name", Ends.DoesNotFit, () => $$"""{"required":{{Array(50_000, i => $"\"a{i}\"")}}}""", () => $$"""{"{{Escaped(500_000)}}":1}"""),
        ("fields that others depend on", Ends.TakesTooMuch,
            () => Keyed("dependentSchemas", 9_000, i => $"f{i}", _ => """{"required":["f1","z"]}""", "\"not\":{}"), () => Fields(40_000)),
        ("required by others", Ends.DoesNotFit, () => Keyed("dependentRequired", 20_000, i => $"f{i}", _ => "[\"z\"]"),
            () => Fields(40_000)),
        ("contains", Ends.TakesTooMuch, () => All(1_000, i => $$"""{"contains":{"const":{{i + 1}}},"minContains":1}""", "anyOf"), () => Array(100_000, _ => "0")),
        ("digits of a multiple", Ends.DoesNotFit, () => $$"""{"multipleOf":{{Digits(900)}}}""", () => $"{Digits(990, '3')}e400000"),
        ("more digits than are taken", Ends.Refused, () => $$"""{"multipleOf":{{Digits(100_000)}}}""", () => "1"),
        ("an answer of many digits", Ends.DoesNotFit, () => """{"multipleOf":7,"minimum":0}""", () => Digits(100_000)),
        ("many numbers of many digits", Ends.TakesTooMuch, () => $$"""{"items":{"multipleOf":{{Digits(900)}}} }""", () => Array(2_000, _ => Digits(900))),
        ("exponents", Ends.DoesNotFit, () => """{"multipleOf":3e-400000,"maximum":1e400000}""", () => "1e999999999999999999999"),
        ("lengths of a long text", Ends.TakesTooMuch, () => All(1_000, i => $$"""{"minLength":{{i}}}"""), () => Text(2_000_000)),
        ("types without end", Ends.Fits, () => $$"""{"items":{"not":{"type":{{Array(40_000, _ => "\"null\"")}}} } }""", () => Array(200_000, _ => "1")),
        ("an answer of many values", Ends.TakesTooMuch, () => """{"items":{"type":"integer"}}""", () => Array(1_000_000, _ => "1")),
        ("an answer that is too long", Ends.TakesTooMuch, () => "{}", () => Text(5_000_000)),
        ("names of resources", Ends.TakesTooMuch, () => $$"""{"$id":"http://a/{{new string('a', 40_000)}}/","allOf":{{Array(5_000, i => $$"""{"$id":"b{{i}}"}""")}}}""", () => "1"),
        ("keywords that nobody knows", Ends.Fits, () => $$"""{{{string.Join(',', Enumerable.Range(0, 30_000).Select(i => $"\"k{i}\":1"))}}}""", () => "1"),
        ("every format of a long text", Ends.TakesTooMuch, () => All(60, i => $$"""{"format":"{{new[] { "email", "uri", "date-time", "regex", "ipv6" }[i % 5]}}"}""", "anyOf"), () => Text(400_000)),
    ];

    private enum Ends
    {
        /// <summary>The schema is not taken, or compiling it is given up.</summary>
        Refused,

        /// <summary>Compiling or checking is given up.</summary>
        TakesTooMuch,

        Fits,

        DoesNotFit,
    }

    public static TheoryData<string> Names => [.. Bombs.Select(bomb => bomb.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Check_Bomb_EndsWithinTheStepsAndTheMemoryOfACall(string name)
    {
        var bomb = Bombs.Single(one => one.Name == name);
        var (schema, answer) = (Encoding.UTF8.GetBytes(bomb.Schema()), bomb.Answer());
        using var process = Process.GetCurrentProcess();
        var (bytes, time) = (GC.GetAllocatedBytesForCurrentThread(), process.TotalProcessorTime);

        var (ends, compiling, checking) = Run(schema, answer);

        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        process.Refresh();
        _output.WriteLine(
            $"{name}: {ends}, {compiling} and {checking} steps, {bytes / 1024} KiB, {(process.TotalProcessorTime - time).TotalMilliseconds:0} ms");
        Assert.Equal(bomb.Ends, ends);
        Assert.InRange(bytes, 0, MostBytes);
    }

    private static (Ends Ends, long Compiling, long Checking) Run(byte[] schema, string answer)
    {
        var (compiling, checking) = (Budgets.Whole(), Budgets.Whole());
        Ends ends;
        try
        {
            ends = !AnswerSchema.TryCompile(schema, assertFormats: true, compiling, out var compiled, out var error)
                ? Refused(error.Message)
                : compiled.Check(answer, checking).Count == 0 ? Ends.Fits : Ends.DoesNotFit;
        }
        catch (StepsSpentException)
        {
            ends = Ends.TakesTooMuch;
        }

        return (ends, compiling.Spent, checking.Spent);
    }

    private static Ends Refused(string message)
    {
        // The error tells the author of the schema the place and the reason, and does not repeat the schema.
        Assert.InRange(message.Length, 10, 1_500);
        return Ends.Refused;
    }

    private static string Pattern(string pattern) => $$"""{"pattern":"{{pattern.Replace("\\", "\\\\", StringComparison.Ordinal)}}"}""";

    private static string Text(int length, char c = 'a') => $"\"{new string(c, length)}\"";

    private static string Escaped(int length) => string.Concat(Enumerable.Repeat("\\u0061", length / 6));

    private static string Digits(int count, char digit = '7') => new(digit, count);

    private static string Array(int count, Func<int, string> item) => $"[{string.Join(',', Enumerable.Range(0, count).Select(item))}]";

    private static string All(int count, Func<int, string> schema, string keyword = "allOf") => $$"""{"{{keyword}}":{{Array(count, schema)}}}""";

    private static string Fields(int count) => $$"""{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"f{i}\":{i}"))}}}""";

    private static string Keyed(
        string keyword, int count, Func<int, string> name, Func<int, string> value, string more = "\"title\":\"t\"") =>
        $$"""{"{{keyword}}":{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"{name(i)}\":{value(i)}"))}}},{{more}}}""";

    private static string Nested(string open, string close, int depth) =>
        $"{string.Concat(Enumerable.Repeat(open, depth))}{{\"type\":\"string\"}}{string.Concat(Enumerable.Repeat(close, depth))}";

    private static string Fan(string keyword, int depth, string open = "", string close = "")
    {
        var parts = Enumerable.Range(0, depth).Select(i =>
        {
            var next = $$"""{{open}}{"$ref":"#/$defs/s{{i + 1}}"}{{close}}""";
            return $"\"s{i}\":{{\"{keyword}\":[{next},{next}]}}";
        });
        return $$$"""{"$ref":"#/$defs/s0","$defs":{{{{string.Join(',', parts)}}},"s{{{depth}}}":{"type":"string"} } }""";
    }

    private static string ItemFan(int depth)
    {
        var parts = Enumerable.Range(0, depth).Select(i =>
        {
            var next = $$"""{"type":"array","items":{"$ref":"#/$defs/s{{i + 1}}"} }""";
            return $"\"s{i}\":{{\"anyOf\":[{next},{next},{{\"const\":{Text(400)}}}]}}";
        });
        return $$$"""{"$ref":"#/$defs/s0","$defs":{{{{string.Join(',', parts)}}},"s{{{depth}}}":{"type":"string"} } }""";
    }

    private static string Chain(int length)
    {
        var parts = Enumerable.Range(0, length).Select(i => $$"""
            "s{{i}}":{"$ref":"#/$defs/s{{i + 1}}"}
            """);
        return $$$"""{"$ref":"#/$defs/s0","$defs":{{{{string.Join(',', parts)}}},"s{{{length}}}":{"type":"string"} } }""";
    }

    /// <summary>Arrays in arrays, the innermost one long.</summary>
    private static string Levels(int depth, int items) => $"{new string('[', depth)}{string.Join(',', Enumerable.Range(0, items))}{new string(']', depth)}";

    private static string ManyRanges(int from) => string.Concat(Enumerable.Range(0, 1_500).Select(i => $"\\u{0x1000 + (4 * i) + from:x4}"));

    /// <summary>
    /// Strings that have the same hash if the hash is not randomized: two characters after each change are chosen so that they undo it. The
    /// strings are preceded by their length and a quote, as in a set of canonical texts.
    /// </summary>
    private static IEnumerable<string> OfOneHash(int count)
    {
        const int Blocks = 3;
        var prefix = $"\"{8 * Blocks}:";
        var variants = (int)Math.Ceiling(Math.Pow(count, 1.0 / Blocks));
        List<List<string>> blocks = [];
        var before = Hash(prefix);
        for (var block = 0; block < Blocks; block++)
        {
            var made = Enumerable.Range(0, variants).Select(i => Block(before, i)).ToList();
            blocks.Add(made);
            var start = before;
            before = Hash(made[0], start);
            Assert.All(made, one => Assert.Equal(before, Hash(one, start)));
        }

        return Enumerable.Range(0, count).Select(i =>
            $"\"{blocks[0][i % variants]}{blocks[1][i / variants % variants]}{blocks[2][i / variants / variants % variants]}\"");
    }

    /// <summary>Eight characters; which ones differs by the number, what they do to the hash does not.</summary>
    private static string Block((uint First, uint Second) before, int number)
    {
        // Pairs of characters are read as one number each; the third pair undoes what the first one changed.
        uint Pair(int low) => (uint)(0x4E00 + low) | (0x5000u << 16);
        var unchanged = Next(before.First) ^ Pair(0);
        var changed = Next(before.First) ^ Pair(number);
        var third = Next(unchanged) ^ Next(changed) ^ Pair(0);
        uint[] pairs = [Pair(number), Pair(1), third, Pair(1)];
        return string.Concat(pairs.Select(pair => $"{(char)(pair & 0xFFFF)}{(char)(pair >> 16)}"));
    }

    private static uint Next(uint hash) => ((hash << 5) | (hash >> 27)) + hash;

    private static (uint First, uint Second) Hash(string text, (uint First, uint Second)? from = null)
    {
        var (first, second) = from ?? ((5381u << 16) + 5381u, (5381u << 16) + 5381u);
        for (var i = 0; i < text.Length; i += 4)
        {
            first = Next(first) ^ (text[i] | ((uint)text[i + 1] << 16));
            second = Next(second) ^ (text[i + 2] | ((uint)text[i + 3] << 16));
        }

        return (first, second);
    }
}
