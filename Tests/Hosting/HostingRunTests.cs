using System.Net;
using AiPlatform.Client;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.AI;
using Xunit;

namespace AiPlatform.Tests.Hosting;

/// <summary>A server that another AppHost starts from projects, with a Redis of its own, and that its client calls.</summary>
[Trait("Category", "Long")]
public sealed class HostingRunTests
{
    private const string Model = "all-minilm-l6-v2";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_FromProjectsWithAModelAndAKey_ServesItsClient()
    {
        using var data = new TemporaryFolder();
        var builder = HostingModel.Builder("--Logging:LogLevel:Default=Warning");
        var ai = builder
            .AddAiPlatform<Projects.Gateway, Projects.InferenceWorker>("ai", options =>
            {
                options.RedisStart = AiPlatformRedisStart.Process;
                options.DataPath = data.Path;
            })
            .WithModel(Path.Combine(Checkout.Models, Model))
            .WithDefaultModel(Model)
            .WithApiKey(builder.AddParameter("ai-key", () => "0123456789abcdef0123456789abcdef", secret: true));
        await using var application = builder.Build();
        await application.StartAsync(Ct).WaitAsync(Bound, Ct);

        await application.ResourceNotifications.WaitForResourceHealthyAsync("ai", Ct).WaitAsync(Bound, Ct);

        var connection = await ((IResourceWithConnectionString)ai.Resource).GetConnectionStringAsync(Ct);
        using var client = new AiPlatformClient(AiPlatformClientOptions.Parse(connection!));
        var vector = await client.GetEmbeddingGenerator().GenerateVectorAsync("Hello, world", cancellationToken: Ct);
        Assert.Equal(384, vector.Length);
        using var http = new HttpClient { BaseAddress = new Uri(ai.Resource.Endpoint.Url) };
        using var stranger = await http.GetAsync("/v1/models", Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        var models = await client.OpenAI.GetOpenAIModelClient().GetModelsAsync(Ct);
        Assert.Equal([Model], models.Value.Select(model => model.Id));
        await application.StopAsync(Ct).WaitAsync(Bound, Ct);
    }
}
