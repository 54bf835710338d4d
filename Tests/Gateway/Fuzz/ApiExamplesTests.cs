using System.Text;
using System.Text.Json;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Fuzz;

/// <summary>The examples in the API's description are right: they fit their schemas, and the Gateway takes what they ask.</summary>
public sealed class ApiExamplesTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    [Fact]
    public async Task EveryOperation_HasExamplesThatFitTheirSchemas()
    {
        var document = await ApiDocument.ReadAsync(fixture.Gateway.Client);

        foreach (var operation in document.Operations)
        {
            if (operation.Body is { } body)
            {
                Assert.True(operation.Example is not null, $"{operation.Name} shows no body");
                Assert.True(
                    document.Takes(body, JsonSerializer.SerializeToElement(operation.Example)), $"{operation.Name}: {operation.Example}");
            }

            if (operation.Success is not (var schema, var example)) continue;
            Assert.True(example is not null, $"{operation.Name} shows no answer");
            var misfits = document.MisfitsOf(schema, JsonSerializer.SerializeToElement(example));
            Assert.True(misfits.Count == 0, $"{operation.Name}: {string.Join("\n  ", misfits)}");
        }
    }

    /// <summary>Each body is sent as it stands there, to a Gateway that has the models which it names.</summary>
    [Fact]
    public async Task EveryBody_IsTakenAndAnsweredAsTheDocumentSays()
    {
        await using var provider = await FakeProvider.StartAsync();
        await using var gateway = await GatewayHost.StartAsync(fixture.Redis, provider.Settings("Answers:Model=gpt"));
        await using var embedder = await FakeWorker.StartAsync(gateway, "all-minilm-l6-v2");
        await gateway.ServeAsync("smollm2-135m-instruct", dimensions: null, "text-generation");
        await using var writer = FakeWorker.Start(gateway, "smollm2-135m-instruct");
        await gateway.ServeAsync("reranker", dimensions: null, "text-classification");
        await using var classifier = FakeWorker.Start(gateway, "reranker");
        provider.Otherwise = context => FakeProvider.Says(
            provider.Received[^1].Body.Contains("ask_answer", StringComparison.Ordinal)
                ? """{"answer":"42"}"""
                : """{"summary":"A text.","sentiment":"Neutral","tags":["text"]}""")(context);
        var document = await ApiDocument.ReadAsync(gateway.Client);
        using var client = new ApiClient(gateway.Address);

        foreach (var operation in document.Operations.Where(one => one.Body is not null))
        {
            var request = new ApiRequest(
                operation, operation.Method, operation.Path, [("Content-Type", "application/json")],
                Encoding.UTF8.GetBytes(operation.Example!.ToJsonString()), Verdict.Right);

            var answer = await client.SendAsync(request, TimeSpan.FromSeconds(30));

            Assert.True(answer.Status is 200 or 202, $"{operation.Name}: {answer.Status} {answer.Text}");
            Assert.Empty(AnswerCheck.Of(document, operation, answer));
        }
    }
}
