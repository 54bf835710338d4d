using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Page;

/// <summary>Names, metadata and outputs that would like to be more than text. They change nothing but the text that is shown.</summary>
[Trait("Category", "Long")]
public sealed class HostilePageTests(PageWorld world) : IClassFixture<PageWorld>
{
    private const string Script = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>";

    /// <summary>A mark that turns the direction of writing, quotes of all languages, and what looks like a template.</summary>
    private const string Odd = "\u202Etxet'\"`${window.hacked=1}\\<b>";

    private readonly GatewayHost _gateway = world.Gateway;

    [Fact]
    public async Task NamesMetadataAndOutputs_OfAllKinds_AreShownAsText()
    {
        var model = $"{Script[..60]}{Odd}";
        await _gateway.ServeAsync(model, dimensions: null, "text-generation");
        await _gateway.Services.GetRequiredService<IWorkerCatalog>().BeatAsync(
            new WorkerHeartbeat
            {
                Worker = Script,
                Host = Odd,
                ProcessId = 1,
                Device = Script,
                StartedAt = TimeProvider.System.GetUtcNow(),
                Models = [new ModelLoad(model, 1, 2) { Device = Odd }],
                Failures = [new ModelFailure(Odd, Script)],
            },
            [],
            CancellationToken.None);
        using var accepted = await _gateway.PostAsync("/v1/jobs", new
        {
            endpoint = "/v1/chat/completions",
            body = new { model, messages = new[] { new { role = "user", content = Script } } },
            metadata = new Dictionary<string, string> { [Odd] = Script, ["__proto__"] = Odd, ["constructor"] = "1" },
        });
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        var id = (await accepted.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
        await using var worker = FakeWorker.Start(
            _gateway, model, (one, job) => one.SucceedWithTextAsync(job, Script + Odd + new string('x', 1_000_000)));
        await using var user = await PageUser.OpenAsync(world.Chromium, _gateway.Address, $"#/jobs/{Uri.EscapeDataString(id)}");

        await user.SeesAsync("Show all");
        await user.SeesAsync(Script);
        await user.ScreenshotAsync("hostile-job");
        await user.ClickAsync("Show all 1,000,0" + (Script.Length + Odd.Length).ToString("00", CultureInfo.InvariantCulture) + " characters");
        await user.UntilAsync("document.querySelector('.output').textContent.length > 1000000");
        foreach (var part in (string[])["#/models", "#/queues", "#/usage", "#/jobs", $"#/playground?model={Uri.EscapeDataString(model)}"])
        {
            await user.GoAsync(part);
            // A queue's name is written otherwise, and usage is counted where calls run.
            var shown = part switch { "#/queues" => "Queues", "#/usage" => "Usage", _ => model[..20] };
            await user.UntilAsync($"document.querySelector('main').textContent.includes({JsonSerializer.Serialize(shown)})");
            await AssertNothingRanAsync(user);
        }

        await user.ClickAsync("Code");
        foreach (var language in (string[])["C#", "Python", "JavaScript", "curl"])
        {
            await user.ClickAsync(language);
            var code = await user.Page.EvaluateExpressionAsync<string>("document.querySelector('dialog code').textContent");
            Assert.DoesNotContain("\u202E", code, StringComparison.Ordinal);
        }

        await AssertNothingRanAsync(user);
        user.AssertNoProblems();
        user.AssertNothingFromElsewhere();
    }

    [Fact]
    public async Task Stream_OfFiveHundredTokensASecond_StaysSmooth()
    {
        world.Provider.Script(FakeProvider.StreamsAtAPace(3_000, perSecond: 500));
        await using var user = await PageUser.OpenAsync(world.Chromium, _gateway.Address, "#/playground?model=gpt");
        await user.Page.EvaluateExpressionAsync("""
            window.gaps = []; let last = performance.now();
            requestAnimationFrame(function look(now) { window.gaps.push(now - last); last = now; requestAnimationFrame(look); });
            0
            """);

        await user.FillAsync("Message", "Speak fast.");
        await user.PressAsync("Enter");
        await user.SeesAsync("tokens/s");
        await user.ClickAtAsync(".turn.model button");
        await user.SeesAsync("word2999");

        var gaps = await user.Page.EvaluateExpressionAsync<double[]>("window.gaps.slice(5)");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Longest time between two pictures: {gaps.Max():0} ms, 99th percentile {gaps.Order().ElementAt(gaps.Length * 99 / 100):0} ms; "
            + $"{gaps.Length} pictures.");
        user.AssertNoProblems();
    }

    [Fact]
    public async Task Jobs_AThousandInTheList_CanBeReadToTheEnd()
    {
        const int Jobs = 1_000;
        var model = Tests.Fixtures.RedisServer.Unique("many");
        await using var worker = await FakeWorker.IdleAsync(_gateway, model);
        for (var i = 0; i < Jobs; i += 20) await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _gateway.Client.SubmitForIdAsync(model)));
        await using var user = await PageUser.OpenAsync(world.Chromium, _gateway.Address, "#/jobs");
        await user.FillAsync("Model", model, "combobox");
        await user.UntilAsync("document.querySelectorAll('.rows li').length === 50");

        for (var rows = 150; rows < Jobs + 100; rows += 100)
        {
            await user.ClickAsync("Older jobs");
            await user.UntilAsync($"document.querySelectorAll('.rows li').length >= {Math.Min(rows, Jobs)}");
        }

        await user.SeesAsync("1,000 jobs");
        var drawn = await user.Page.EvaluateFunctionAsync<double>("""
            () => new Promise(resolve => { const start = performance.now(); scrollTo(0, document.body.scrollHeight);
              requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start))); })
            """);
        TestContext.Current.TestOutputHelper?.WriteLine($"Scrolling to the end of {Jobs} jobs took {drawn:0} ms.");
        user.AssertNoProblems();
    }

    private static async Task AssertNothingRanAsync(PageUser user)
    {
        Assert.True(await user.Page.EvaluateExpressionAsync<bool>("window.hacked === undefined && !document.querySelector('img[src=\"x\"]')"));
        Assert.True(await user.Page.EvaluateExpressionAsync<bool>("document.querySelectorAll('script').length <= 2 && ({}).polluted === undefined"));
    }
}
