using System.Globalization;
using System.Text.Json;
using AiPlatform.Grammars;
using Xunit;

namespace AiPlatform.Tests.Grammars;

/// <summary>
/// The public test suite of JSON Schema as an oracle: what a grammar allows fits its schema, and what fits the schema is allowed, in some
/// order of its properties.
/// </summary>
public sealed class JsonSchemaSuiteGrammarTests
{
    private const int MaxOrders = 300;

    private static readonly string Folder = Path.Combine(Checkout.Root, "Tests", "Reference", "json-schema-suite", "tests");

    /// <summary>Formats are asserted here. Remote schemas are not read. What the draft's own schema says is not in the suite.</summary>
    private static readonly string[] LeftOut = ["format.json", "refRemote.json", "optional/no-schema.json"];

    /// <summary>The oracle matches patterns with .NET's dialect, in which a character beyond 16 bits is two.</summary>
    private static readonly string[] WithoutOracle = ["optional/ecmascript-regex.json", "optional/non-bmp-regex.json"];

    /// <summary>Integers of 309 digits, which nobody writes out.</summary>
    private static readonly string[] WithoutInstances = ["optional/float-overflow.json"];

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Folder, "*.json", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Folder, file)).Where(file => !LeftOut.Contains(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Walk_SchemaThatCompiles_GivesOnlyInstances(string file)
    {
        if (WithoutOracle.Contains(file)) return;
        foreach (var (name, schema, _) in Groups(file))
        {
            if (TryCompile(schema) is not { } grammar) continue;
            if (Oracle.TryRead(schema.GetRawText()) is not { } oracle) continue;
            for (var seed = 0; seed < 5; seed++)
            {
                var text = Walks.Text(grammar, new Random(seed), 30);
                Assert.True(Oracle.Fits(oracle, text), $"{name}: {text}\n{schema}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Accepts_ValidInstances_InSomeOrder(string file)
    {
        List<string> refused = [];
        if (WithoutInstances.Contains(file)) return;
        foreach (var (name, schema, tests) in Groups(file))
        {
            if (TryCompile(schema) is not { } grammar) continue;
            foreach (var test in tests)
            {
                if (!test.GetProperty("valid").GetBoolean()) continue;
                var data = test.GetProperty("data");
                if (!Orders(data).Take(MaxOrders).Any(grammar.Accepts)) refused.Add($"{name}: {data} of {schema}");
            }
        }

        Assert.Empty(refused);
    }

    [Fact]
    public void OfJsonSchema_SchemasOfSuite_MostCompile()
    {
        var all = Files.SelectMany(row => Groups((string)row.Data)).ToList();

        var compiled = all.Count(one => TryCompile(one.Schema) is not null);

        Assert.True(compiled > all.Count / 2, $"{compiled} of {all.Count}");
    }

    private static Grammar? TryCompile(JsonElement schema)
    {
        try
        {
            return Grammar.OfJsonSchema(schema.GetRawText());
        }
        catch (GrammarException)
        {
            return null;
        }
    }

    private static IEnumerable<(string Name, JsonElement Schema, IEnumerable<JsonElement> Tests)> Groups(string file) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, file))).RootElement.EnumerateArray().Select(group =>
        {
            IEnumerable<JsonElement> tests = group.GetProperty("tests").EnumerateArray();
            return (group.GetProperty("description").GetString()!, group.GetProperty("schema"), tests);
        });

    /// <summary>A value in compact form, in each order of its properties. Numbers without a fraction are written without one.</summary>
    private static IEnumerable<string> Orders(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                return Permutations([.. value.EnumerateObject()])
                    .SelectMany(fields => Products([.. fields.Select(Fields)])).Select(text => $"{{{text}}}");
            case JsonValueKind.Array:
                return Products([.. value.EnumerateArray().Select(Orders)]).Select(text => $"[{text}]");
            case JsonValueKind.String:
                return [Quoted(value.GetString()!)];
            case JsonValueKind.Number:
                var raw = value.GetRawText();
                if (!decimal.TryParse(raw, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) return [raw];
                var whole = decimal.Truncate(number);
                return number == whole ? [raw, whole.ToString(CultureInfo.InvariantCulture)] : [raw];
            default:
                return [value.GetRawText()];
        }
    }

    private static IEnumerable<string> Fields(JsonProperty field) =>
        Orders(field.Value).Select(text => $"{Quoted(field.Name)}:{text}");

    private static string Quoted(string text)
    {
        var escaped = string.Concat(text.Select(c => c switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\b' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\f' => "\\f",
            '\r' => "\\r",
            < ' ' => $"\\u{(int)c:x4}",
            _ => c.ToString(),
        }));
        return $"\"{escaped}\"";
    }

    private static IEnumerable<string> Products(List<IEnumerable<string>> parts) =>
        parts.Aggregate(
            (IEnumerable<string>)[""],
            (all, part) => all.SelectMany(before => part.Select(one => before.Length == 0 ? one : $"{before},{one}")));

    private static IEnumerable<List<JsonProperty>> Permutations(List<JsonProperty> fields)
    {
        if (fields.Count == 0) return [[]];
        return fields.SelectMany((first, i) =>
            Permutations([.. fields[..i], .. fields[(i + 1)..]]).Select(rest => (List<JsonProperty>)[first, .. rest]));
    }
}
