using PuppeteerSharp;
using Xunit;

namespace AiPlatform.Tests.Gateway.Page;

/// <summary>A real browser for the tests of a class: Debian's <c>chromium</c>, or the one that <c>AI_CHROMIUM</c> names.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private const string Variable = "AI_CHROMIUM";

    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private IBrowser? _browser;

    /// <summary>Where tests leave their pictures.</summary>
    public static string Screenshots { get; } =
        Directory.CreateDirectory(System.IO.Path.Combine(Checkout.Root, "artifacts", "screenshots")).FullName;

    private static string? Program => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
        ? named
        : (from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
           from name in Names
           select System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    public async ValueTask InitializeAsync()
    {
        if (Program is not { } program) return;
        _browser = await Puppeteer.LaunchAsync(new LaunchOptions
        {
            ExecutablePath = program,
            Headless = true,
            // Root may not use the sandbox; what is loaded is our own.
            Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server"],
            Timeout = 120_000,
            ProtocolTimeout = 120_000,
        });
    }

    /// <summary>A window that knows nothing of others.</summary>
    internal async Task<IPage> OpenAsync()
    {
        Assert.SkipWhen(_browser is null, $"There is no Chromium: install it (apt-get install chromium), or set {Variable} to its path.");
        var context = await _browser!.CreateBrowserContextAsync();
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
    }
}
