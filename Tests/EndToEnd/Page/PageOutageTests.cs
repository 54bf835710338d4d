using AiPlatform.Tests.EndToEnd.Chat;
using AiPlatform.Tests.Gateway.Page;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Page;

/// <summary>The page while processes of the real platform die and come back: it says so, and goes on without being loaded anew.</summary>
[Trait("Category", "Long")]
public sealed class PageOutageTests(Chromium chromium) : IClassFixture<Chromium>
{
    [Fact]
    public async Task RedisStopsAndWorkerDies_InTheMiddle_ThePageGoesOn()
    {
        await using var sut = await Platform.StartAsync([.. ChatPlatform.Settings, ("Jobs__HeartbeatTtl", "00:00:03")]);
        await using var user = await PageUser.OpenAsync(chromium, sut.Gateway.Address, $"#/playground?model={ChatPlatform.Model}");
        await user.FillAsync("Max tokens", "8", "spinbutton");
        await user.FillAsync("Message", "What is the sky?");
        await user.PressAsync("Enter");
        await user.SeesAsync("tokens/s");

        // Redis away: the part that asks says what the Gateway says, and is itself again later.
        await user.GoAsync("#/queues");
        await user.SeesAsync("Dead letters");
        await sut.Redis.StopAsync();
        await user.SeesAsync("queue_unavailable");
        await sut.Redis.StartAsync();
        await user.SeesNoMoreAsync("queue_unavailable");
        await user.SeesAsync("Dead letters");

        // A worker that is killed in the middle of a job: the next one goes on with it, and the timeline has both.
        await user.GoAsync($"#/playground?model={ChatPlatform.Model}");
        await user.FillAsync("Max tokens", "400", "spinbutton");
        await user.FillAsync("Message", "Write a long story about the sea.");
        await user.ClickAsync("Run as a job");
        await user.SeesAsync("The text so far");
        await sut.Worker.KillAsync();
        var job = await user.Page.EvaluateExpressionAsync<string>("location.hash");
        await user.GoAsync("#/queues");
        await user.SeesAsync("no worker");
        await user.GoAsync("#/models");
        await user.SeesAsync("No worker lives");
        await user.GoAsync(job);
        await user.SeesAsync("It waits for a worker");
        var second = sut.StartWorker();
        await second.UntilReadyAsync(sut.Http);
        await user.SeesAsync("attempt 2");
        await user.SeesAsync("succeeded");
        await user.ScreenshotAsync("job-after-a-dead-worker");
        user.AssertNoProblems("503");
    }

    [Fact]
    public async Task GatewayStopsAndStarts_ThePageSaysSoAndGoesOn()
    {
        await using var sut = await Platform.StartAsync();
        await using var user = await PageUser.OpenAsync(chromium, sut.Gateway.Address, "#/models");
        await user.SeesAsync(Platform.Model);

        await sut.Gateway.StopAsync();
        await user.SeesAsync("The Gateway does not answer.");
        await user.SeesAsync(Platform.Model);
        await using var again = AiProcess.Start(
            "Gateway", [("ConnectionStrings__redis", sut.Redis.ConnectionString), ("ASPNETCORE_URLS", sut.Gateway.Address.ToString())]);
        await user.SeesAsync("The Gateway is back.");
        await user.SeesNoMoreAsync("The Gateway is back.");
        await user.SeesAsync(Platform.Model);
        user.AssertNoProblems("ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET", "503");
    }
}
