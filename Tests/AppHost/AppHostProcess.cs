using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.AppHost;

/// <summary>AppHost as <c>dotnet run --project AppHost</c> starts it: with its dashboard, by the launch profile <c>http</c>.</summary>
internal sealed partial class AppHostProcess : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly StringBuilder _log = new();
    private readonly Process _process;

    private AppHostProcess(Process process) => _process = process;

    /// <summary>The dashboard's address, with what it asks for.</summary>
    public Uri Login { get; private set; } = null!;

    /// <summary>What it has written so far.</summary>
    public string LogText
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    [GeneratedRegex(@"https?://\S+/login\?t=\w+")]
    private static partial Regex LoginAddress { get; }

    /// <summary>Starts it, and waits for its dashboard.</summary>
    /// <param name="settings">Such as <c>--Inference:Replicas=2</c>.</param>
    public static async Task<AppHostProcess> StartAsync(params string[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [Checkout.Program("AppHost"), .. settings])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in Profile()) start.Environment[name] = value;
        var host = new AppHostProcess(new Process { StartInfo = start });
        host._process.OutputDataReceived += host.Keep;
        host._process.ErrorDataReceived += host.Keep;
        host._process.Start();
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        try
        {
            await Poll.UntilAsync(
                () => LoginAddress.IsMatch(host.LogText) || host._process.HasExited,
                () => $"the dashboard's address: {host.LogText}",
                Bound);
            Assert.False(host._process.HasExited, host.LogText);
            host.Login = new Uri(LoginAddress.Match(host.LogText).Value);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs it to its end by the launch profile <c>https</c>, as a user with an empty home folder.</summary>
    /// <param name="home">The home folder.</param>
    /// <param name="settings">Such as <c>--Inference:Replicas=2</c>.</param>
    public static async Task<(int ExitCode, string Errors)> RunWithTlsAsync(string home, params string[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [Checkout.Program("AppHost"), .. settings]) { RedirectStandardError = true };
        foreach (var (name, value) in Profile("https")) start.Environment[name] = value;
        (start.Environment["HOME"], start.Environment["DOTNET_CLI_HOME"]) = (home, home);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Bound);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        return (process.ExitCode, await errors);
    }

    public async ValueTask DisposeAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"])) await kill.WaitForExitAsync();
        try
        {
            await _process.WaitForExitAsync().WaitAsync(Bound);
        }
        finally
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }
    }

    /// <summary>The environment of a launch profile.</summary>
    private static IEnumerable<(string Name, string Value)> Profile(string name = "http")
    {
        var path = Path.Combine(Checkout.Root, "AppHost", "Properties", "launchSettings.json");
        using var settings = System.Text.Json.JsonDocument.Parse(File.ReadAllText(path));
        var profile = settings.RootElement.GetProperty("profiles").GetProperty(name);
        return
        [
            ("ASPNETCORE_URLS", profile.GetProperty("applicationUrl").GetString()!),
            .. profile.GetProperty("environmentVariables").EnumerateObject().Select(one => (one.Name, one.Value.GetString()!)),
        ];
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_log) _log.AppendLine(line.Data);
    }
}
