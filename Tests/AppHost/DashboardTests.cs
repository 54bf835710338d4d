using System.Net;
using System.Net.Http.Json;
using AiPlatform.Tests.EndToEnd.Chat;
using AiPlatform.Tests.Gateway.Page;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.AppHost;

/// <summary>Aspire's dashboard in a real browser; it leaves pictures of it (docs/aspire.md shows some).</summary>
[Trait("Category", "Long")]
public sealed class DashboardTests(Chromium chromium) : IClassFixture<Chromium>
{
    private const string Model = "all-minilm-l6-v2";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dashboard_OfTheSystem_ShowsResourcesTracesAndMetrics()
    {
        using var data = new TemporaryFolder();
        await using var sut = await AppHostProcess.StartAsync(
            "--Redis:Start=process", $"--AI_DATA_DIR={data.Path}", "--OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true");
        await using var user = await PageUser.OpenAsync(chromium, sut.Login);

        await user.SeesAsync("API reference");
        await user.SeesAsync("redis-server");
        await user.UntilAsync("document.body.innerText.split('Running').length > 3");
        await user.UntilAsync("!document.body.innerText.includes('Unh')");
        await user.ScreenshotAsync("aspire-resources");
        var docs = await user.Page.EvaluateExpressionAsync<string>("document.querySelector('a[href$=\"/docs\"]').href");
        using var http = new HttpClient { BaseAddress = new Uri(new Uri(docs), "/") };
        await CallAsync(http);

        await user.Page.GoToAsync(new Uri(sut.Login, "/?view=Graph").ToString());
        await user.SeesAsync("inference");
        await user.UntilAsync("document.querySelectorAll('svg .resource-node, svg circle').length > 2");
        await user.ScreenshotAsync("aspire-graph");

        await user.Page.GoToAsync(new Uri(sut.Login, "/traces").ToString());
        await user.SeesAsync("POST /v1/chat/completions");
        await user.ScreenshotAsync("aspire-traces");
        await user.ClickAtAsync("::-p-text(POST /v1/chat/completions)");
        await user.UntilAsync("location.pathname.startsWith('/traces/detail/')");
        foreach (var operation in (string[])["submit", "lease", "process", "commit"]) await user.SeesAsync(operation);
        await user.ScreenshotAsync("aspire-trace");

        const string Duration = "/metrics/resource/gateway?meter=AiPlatform&instrument=gen_ai.server.request.duration";
        await user.Page.GoToAsync(new Uri(sut.Login, Duration).ToString());
        await user.SeesAsync("gen_ai.server.request.duration");
        await user.ScreenshotAsync("aspire-metrics");
        Assert.DoesNotContain("fail:", sut.LogText, StringComparison.Ordinal);
    }

    private static async Task CallAsync(HttpClient http)
    {
        using var embedded = await http.PostAsJsonAsync("/v1/embeddings", new { model = Model, input = "Hello, world" }, Ct);
        Assert.Equal(HttpStatusCode.OK, embedded.StatusCode);
        using var chat = await http.PostAsJsonAsync(
            "/v1/chat/completions",
            new { model = ChatPlatform.Model, max_tokens = 16, messages = new[] { new { role = "user", content = "Who was Ada?" } } },
            Ct);
        Assert.Equal(HttpStatusCode.OK, chat.StatusCode);
    }
}
