using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Page;

/// <summary>
/// How the page looks: on a phone, on a desk, in light and in dark. axe finds nothing serious, nothing scrolls sideways, and each part
/// leaves a picture in <c>artifacts/screenshots</c>.
/// </summary>
[Trait("Category", "Long")]
public sealed class PageLookTests(PageWorld world) : IClassFixture<PageWorld>
{
    private readonly GatewayHost _gateway = world.Gateway;

    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(380, false)]
    [InlineData(380, true)]
    public async Task EveryPart_IsReadableByEverybody(int width, bool isDark)
    {
        var labels = RedisServer.Unique("labels");
        await _gateway.ServeAsync(labels, dimensions: null, "text-classification");
        await using var classifier = FakeWorker.Start(_gateway, labels);
        var model = RedisServer.Unique("look");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        var done = await _gateway.Client.SubmitForIdAsync(model);
        using var call = await _gateway.PostTextAsync(
            "/v1/chat/completions", """{"model":"gpt","messages":[{"role":"user","content":"hi"}]}""");
        await using var user = await PageUser.OpenAsync(world.Chromium, _gateway.Address, "", width, isDark);
        world.Provider.Script(FakeProvider.StreamsWords("A queue is a line of jobs that wait until a worker takes them."));

        var parts = new (string Name, string Path, Func<Task> Use)[]
        {
            ("chat", "#/playground?model=gpt", () => ChatAsync(user)),
            ("embeddings", $"#/playground?model={model}", () => CompareAsync(user)),
            ("labels", $"#/playground?model={labels}", () => ClassifyAsync(user)),
            ("missing", "#/playground?model=none", () => user.SeesAsync("is not served")),
            ("jobs", "#/jobs", () => user.SeesAsync(model)),
            ("job", $"#/jobs/{done}", () => user.SeesAsync("1 vector")),
            ("queues", "#/queues", () => user.UntilAsync("document.querySelector('.chart canvas')")),
            ("models", "#/models", () => user.SeesAsync("Providers")),
            ("usage", "#/usage", () => user.UntilAsync("document.querySelector('.chart canvas, .empty')")),
            ("code", "#/playground?model=gpt", () => user.ClickAsync("Code")),
        };
        foreach (var (name, path, use) in parts)
        {
            await user.GoAsync(path);
            await use();
            await AssertReadableAsync(user, $"{name}-{width}-{(isDark ? "dark" : "light")}");
        }

        user.AssertNoProblems();

        await using var stranger = await PageUser.OpenAsync(world.Chromium, world.Keyed.Address, "", width, isDark);
        await stranger.SeesAsync("No key yet?");
        await AssertReadableAsync(stranger, $"key-{width}-{(isDark ? "dark" : "light")}");
    }

    /// <summary>Everything can be reached and used without a mouse.</summary>
    [Fact]
    public async Task Keyboard_Alone_ReachesEverything()
    {
        world.Provider.Script(FakeProvider.StreamsWords("By ", "keys."));
        await using var user = await PageUser.OpenAsync(world.Chromium, _gateway.Address, "#/playground?model=gpt");
        await user.SeesAsync("Say something");

        HashSet<string> reached = [];
        for (var i = 0; i < 60; i++)
        {
            await user.PressAsync("Tab");
            reached.Add(await user.Page.EvaluateExpressionAsync<string>(
                "((one) => one.labels?.[0]?.textContent || one.getAttribute('aria-label') || one.textContent)(document.activeElement)"));
            // The focus can be seen.
            Assert.True(await user.Page.EvaluateExpressionAsync<bool>(
                "document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== 'none'"));
        }

        foreach (var name in (string[])["Skip to the content", "Jobs", "Usage", "Message", "Code", "System prompt", "Temperature"])
            Assert.Contains(reached, one => one.Contains(name, StringComparison.Ordinal));
        await user.Page.FocusAsync("#draft");
        await user.Page.Keyboard.TypeAsync("hi");
        await user.PressAsync("Enter");
        await user.SeesAsync("By keys.");
        user.AssertNoProblems();
    }

    [Fact]
    public async Task Page_OnLoopback_IsThereAtOnce()
    {
        List<double> paints = [];
        var bytes = 0d;
        // The first window of the browser is not like the others.
        for (var run = 0; run < 6; run++)
        {
            await using var user = await PageUser.OpenAsync(world.Chromium, _gateway.Address);
            await user.SeesAsync("Playground");
            paints.Add(await user.Page.EvaluateExpressionAsync<double>(
                "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"));
            bytes = await user.Page.EvaluateExpressionAsync<double>(
                "performance.getEntriesByType('resource').reduce((sum, one) => sum + one.decodedBodySize, 0)");
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"The first paint came after {paints[1..].Order().ElementAt(2):0} ms ({string.Join(", ", paints.Select(one => $"{one:0}"))}); "
            + $"{bytes:n0} bytes were loaded.");
    }

    /// <summary>Leaves a picture, and asserts that nothing scrolls sideways and that axe finds nothing serious.</summary>
    private static async Task AssertReadableAsync(PageUser user, string name)
    {
        var axe = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Reference", "axe-core", "axe.min.js"));
        await user.ScreenshotAsync(name);

        Assert.True(
            await user.Page.EvaluateExpressionAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"{name} scrolls sideways");
        var found = await user.Page.EvaluateExpressionAsync<JsonElement>($$"""
            {{axe}};
            axe.run(document, { resultTypes: ['violations'] }).then(run => run.violations
              .filter(one => one.impact === 'serious' || one.impact === 'critical')
              .map(one => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map(node => `${node.target} ${node.any[0]?.message ?? ''}`).join('; ')}`))
            """);
        Assert.True(found.GetArrayLength() == 0, $"{name}: {found.GetRawText()}");
    }

    private static async Task ClassifyAsync(PageUser user)
    {
        await user.ClickAsync("Classify");
        await user.SeesAsync("75.0 %");
    }

    private static async Task ChatAsync(PageUser user)
    {
        await user.FillAsync("Message", "What is a queue?");
        await user.PressAsync("Enter");
        await user.SeesAsync("takes them.");
        await user.SeesAsync("tokens/s");
    }

    private static async Task CompareAsync(PageUser user)
    {
        await user.ClickAsync("Compare");
        await user.SeesAsync("1.00");
    }
}
