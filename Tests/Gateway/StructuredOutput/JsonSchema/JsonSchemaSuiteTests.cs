using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Gateway.StructuredOutput.JsonSchema;
using Xunit;

namespace AiPlatform.Tests.Gateway.StructuredOutput.JsonSchema;

/// <summary>
/// The public test suite of JSON Schema, draft 2020-12. A case passes when our result is the suite's; none of the cases of a refused schema
/// pass. <c>left-out.txt</c> lists the skipped cases with their reasons.
/// </summary>
public sealed class JsonSchemaSuiteTests
{
    private static readonly string Folder = Path.Combine(Checkout.Root, "Tests", "Reference", "json-schema-suite");

    /// <summary>The reasons to skip a schema: keywords that are refused, and the draft's own schema, which is not in the suite.</summary>
    private static readonly string[] Reasons =
        ["unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "json-schema.org/draft/2020-12/schema", "draft2019-09"];

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Path.Combine(Folder, "tests"), "*.json", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Path.Combine(Folder, "tests"), file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Check_SuitesCases_AreAnsweredAsTheSuiteSays(string file)
    {
        var leftOut = LeftOut().ToHashSet();

        var failures = Groups(file).Where(group => !leftOut.Contains((file, Name(group)))).SelectMany(Failures).ToList();

        Assert.Empty(failures);
    }

    [Fact]
    public void LeftOut_EachGroup_UsesWhatIsNotChecked()
    {
        foreach (var (file, name) in LeftOut())
        {
            var group = Groups(file).Single(group => Name(group) == name);

            Assert.Contains(Reasons, reason => group.GetProperty("schema").GetRawText().Replace("\"$schema\": \"https://json-schema.org/draft/2020-12/schema\"", "", StringComparison.Ordinal).Contains(reason, StringComparison.Ordinal));
        }
    }

    private static IEnumerable<string> Failures(JsonElement group)
    {
        SchemaNode? compiled = null;
        var refusal = "";
        try
        {
            compiled = Compile(JsonNode.Parse(group.GetProperty("schema").GetRawText())!);
        }
        catch (SchemaException refused)
        {
            refusal = $" (refused: {refused.Message})";
        }

        return group.GetProperty("tests").EnumerateArray()
            .Where(one => compiled is null || new Checking(Budgets.Whole()).WouldFit(compiled, one.GetProperty("data")) != one.GetProperty("valid").GetBoolean())
            .Select(one => $"{Name(group)}: {Name(one)}{refusal}");
    }

    private static SchemaNode Compile(JsonNode schema)
    {
        var budget = Budgets.Whole();
        var resources = new SchemaResources(budget);
        resources.Add(SchemaCompiler.Here, schema);
        var remotes = Path.Combine(Folder, "remotes");
        foreach (var file in Directory.EnumerateFiles(remotes, "*.json", SearchOption.AllDirectories))
            resources.Add(new Uri($"http://localhost:1234/draft2020-12/{Path.GetRelativePath(remotes, file)}"), JsonNode.Parse(File.ReadAllText(file))!);
        return SchemaCompiler.Compile(schema, resources, assertsFormats: false, budget);
    }

    private static JsonElement.ArrayEnumerator Groups(string file) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "tests", file))).RootElement.EnumerateArray();

    private static string Name(JsonElement one) => one.GetProperty("description").GetString()!;

    private static IEnumerable<(string File, string Group)> LeftOut() =>
        File.ReadLines(Path.Combine(Folder, "left-out.txt")).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(" | ")).Select(parts => (parts[0], parts[1]));
}
