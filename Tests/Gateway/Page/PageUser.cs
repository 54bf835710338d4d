using System.Collections.Concurrent;
using AiPlatform.Tests.Fixtures;
using PuppeteerSharp;
using PuppeteerSharp.Locators;
using Xunit;

namespace AiPlatform.Tests.Gateway.Page;

/// <summary>
/// Somebody who uses the page: clicks and types by the names that a screen reader has for things, and reads what is shown.
/// </summary>
internal sealed class PageUser : IAsyncDisposable
{
    private readonly IPage _page;
    private readonly Uri _address;
    private readonly ConcurrentQueue<string> _problems = new();
    private readonly ConcurrentQueue<string> _requests = new();

    private PageUser(IPage page, Uri address)
    {
        _page = page;
        _address = address;
        page.Console += (_, said) =>
        {
            if (said.Message.Type is ConsoleType.Error or ConsoleType.Warning) _problems.Enqueue($"{said.Message.Type}: {said.Message.Text}");
        };
        page.PageError += (_, failure) => _problems.Enqueue($"exception: {failure.Message}");
        page.Request += (_, sent) => _requests.Enqueue(sent.Request.Url);
    }

    /// <summary>What stands in the browser's console of errors and warnings.</summary>
    public IReadOnlyList<string> Problems => [.. _problems];

    /// <summary>The URLs that the browser asked for.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    public IPage Page => _page;

    /// <summary>Opens the page.</summary>
    /// <param name="chromium">The browser.</param>
    /// <param name="address">The Gateway.</param>
    /// <param name="path">What comes behind it, such as <c>#/jobs</c>.</param>
    /// <param name="width">Of the window, in pixels.</param>
    /// <param name="isDark">Whether the user likes it dark.</param>
    public static async Task<PageUser> OpenAsync(Chromium chromium, Uri address, string path = "", int width = 1280, bool isDark = false)
    {
        var user = new PageUser(await chromium.OpenAsync(), address);
        await user._page.SetViewportAsync(new ViewPortOptions { Width = width, Height = 860 });
        await user._page.EmulateMediaFeaturesAsync(
            [new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = isDark ? "dark" : "light" }]);
        await user._page.GoToAsync($"{address}{path}", 60_000, [WaitUntilNavigation.Load]);
        return user;
    }

    /// <summary>Goes to another part, such as <c>#/jobs</c>, without loading the page anew.</summary>
    public Task GoAsync(string part) => _page.EvaluateFunctionAsync("part => { location.hash = part; }", part);

    /// <summary>Clicks a button, or what has another role.</summary>
    public Task ClickAsync(string name, string role = "button") => Named(name, role).ClickAsync();

    /// <summary>Clicks what a CSS selector finds.</summary>
    public Task ClickAtAsync(string selector) => _page.Locator(selector).SetTimeout(60_000).ClickAsync();

    /// <summary>Fills a field with this label; of a list (<c>combobox</c>) it chooses the value.</summary>
    public Task FillAsync(string label, string text, string role = "textbox") => Named(label, role).FillAsync(text);

    public Task PressAsync(string key) => _page.Keyboard.PressAsync(key);

    /// <summary>All text that is shown.</summary>
    public Task<string> TextAsync() => _page.EvaluateExpressionAsync<string>("document.body.innerText");

    /// <summary>Waits until a text is shown.</summary>
    public Task SeesAsync(string text) =>
        UntilAsync(shown => shown.Contains(text, StringComparison.OrdinalIgnoreCase), $"'{text}' is shown");

    /// <summary>Waits until a text is not shown any more.</summary>
    public Task SeesNoMoreAsync(string text) =>
        UntilAsync(shown => !shown.Contains(text, StringComparison.OrdinalIgnoreCase), $"'{text}' is not shown any more");

    /// <summary>Waits until a JavaScript expression is true.</summary>
    public Task UntilAsync(string expression) =>
        Poll.UntilAsync(() => _page.EvaluateExpressionAsync<bool>($"Boolean({expression})"), expression);

    /// <summary>Leaves a picture of the whole page.</summary>
    public Task ScreenshotAsync(string name) =>
        _page.ScreenshotAsync(Path.Combine(Chromium.Screenshots, $"{name}.png"), new ScreenshotOptions { FullPage = true });

    /// <summary>Asserts that the console has no error and no warning, besides those that have one of these texts.</summary>
    public void AssertNoProblems(params string[] expected) =>
        Assert.DoesNotContain(Problems, problem => !expected.Any(one => problem.Contains(one, StringComparison.Ordinal)));

    /// <summary>Asserts that nothing was asked of another host.</summary>
    public void AssertNothingFromElsewhere() => Assert.DoesNotContain(
        Requests,
        url => !url.StartsWith(_address.ToString(), StringComparison.Ordinal) && !url.StartsWith("data:", StringComparison.Ordinal)
            && !url.StartsWith("blob:", StringComparison.Ordinal));

    public async ValueTask DisposeAsync() => await _page.BrowserContext.CloseAsync();

    private Locator Named(string name, string role) =>
        _page.Locator($"::-p-aria([name=\"{name}\"][role=\"{role}\"])").SetTimeout(60_000);

    private async Task UntilAsync(Func<string, bool> condition, string what)
    {
        var shown = "";
        try
        {
            await Poll.UntilAsync(
                async () =>
                {
                    shown = await TextAsync();
                    return condition(shown);
                },
                what);
        }
        catch (Exception)
        {
            await ScreenshotAsync($"failed-{TestContext.Current.TestMethod?.MethodName}");
            TestContext.Current.TestOutputHelper?.WriteLine($"Shown was:\n{shown}\n{string.Join('\n', Problems)}");
            throw;
        }
    }
}
