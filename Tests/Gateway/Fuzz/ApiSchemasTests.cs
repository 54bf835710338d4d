using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Fuzz;

/// <summary>The schemas alone, without requests.</summary>
public sealed class ApiSchemasTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private const int Tries = 300;

    [Fact]
    public async Task EveryComponent_CanBeFitted()
    {
        var document = await ApiDocument.ReadAsync(fixture.Gateway.Client);

        foreach (var (name, _) in document.Schemas)
            Assert.True(Make(document, name) is not null, $"Nothing fits {name}: {document.Schemas[name]!.ToJsonString()}");
    }

    /// <summary>A job has no output yet, or one of the two outputs.</summary>
    [Fact]
    public async Task JobResource_WithAndWithoutAnOutput_Fits()
    {
        var document = await ApiDocument.ReadAsync(fixture.Gateway.Client);
        JsonNode?[] outputs = [null, Make(document, "EmbeddingList"), Make(document, "ChatCompletion")];

        foreach (var output in outputs)
        {
            var job = Make(document, "JobResource")!.AsObject();
            job["output"] = output?.DeepClone();
            Assert.True(document.Takes(To("JobResource"), JsonSerializer.SerializeToElement(job)), job.ToJsonString());
        }
    }

    /// <summary>A value that fits the schema; null when none was found.</summary>
    private static JsonNode? Make(ApiDocument document, string component)
    {
        var maker = new JsonMaker(document, new SeededNumbers(1), new Dictionary<string, IReadOnlyList<string>>());
        for (var i = 0; i < Tries; i++)
        {
            var value = maker.Make(To(component));
            if (value is not null && document.Takes(To(component), JsonSerializer.SerializeToElement(value))) return value;
        }

        return null;
    }

    private static JsonObject To(string component) => new() { ["$ref"] = $"#/components/schemas/{component}" };
}
