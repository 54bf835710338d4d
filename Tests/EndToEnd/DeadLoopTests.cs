using System.Diagnostics;
using System.Net;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using AiPlatform.InferenceWorker;
using AiPlatform.Jobs;
using AiPlatform.ServiceDefaults;
using AiPlatform.ServiceDefaults.Loops;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>A background loop fails in an unforeseen way: the process ends, and its supervisor starts it again.</summary>
public sealed partial class DeadLoopTests(RedisServer redis) : IClassFixture<RedisServer>
{
    /// <summary>Hosted services that are no loops.</summary>
    private static readonly string[] NoLoops =
        ["AnonymousAccessCheck", "ConnectionLog", "ContentCapture", "MetricsServer", "StartLog", "UnknownSettings"];

    /// <summary>Loops that only some deployments have.</summary>
    private static readonly string[] Elsewhere = ["EntraRenewal"];

    /// <summary>Tasks that nobody awaits, each with a reason beside it: they cannot fail.</summary>
    private static readonly string[] NotAwaited = ["CallGatherer.cs", "LeasingService.cs", "QueueLeaser.cs", "WorkerWait.cs"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnyLoopOfTheGateway_Dies_EndsIt()
    {
        await using var provider = await FakeProvider.StartAsync();
        string[] arguments = [.. provider.Settings().Select(setting => $"--{setting}")];
        var names = await EachDiesAsync(() => AiPlatform.Gateway.Program.Build([.. Arguments(), .. arguments]), "leasing gpt");

        Assert.Superset(new SortedSet<string>(LoopsOf(typeof(AiPlatform.Gateway.Program))), names);
    }

    [Fact]
    public async Task AnyLoopOfTheWorker_Dies_EndsIt()
    {
        var names = await EachDiesAsync(
            () => WorkerHost.Build([.. Arguments(), $"--Models:Path={Checkout.Models}", $"--Models:Load:0={Platform.Model}"]),
            $"leasing {Platform.Model}");

        Assert.Superset(new SortedSet<string>(LoopsOf(typeof(WorkerHost))), names);
    }

    /// <summary>There is one way to run a loop.</summary>
    [Fact]
    public void HostedServices_AreLoopsOrKnown()
    {
        var others = Assemblies.SelectMany(assembly => assembly.GetTypes())
            .Where(type => typeof(IHostedService).IsAssignableFrom(type) && !type.IsAbstract && !typeof(LoopService).IsAssignableFrom(type))
            .Select(type => type.Name);

        Assert.Equal(NoLoops, others.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Tasks_ThatNobodyAwaits_AreKnown()
    {
        var found = new[] { "Gateway", "InferenceWorker", "Jobs", "ServiceDefaults" }
            .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Checkout.Root, project), "*.cs", SearchOption.AllDirectories))
            .Where(file => NotAwaitedCall().IsMatch(File.ReadAllText(file)))
            .Select(Path.GetFileName);

        Assert.Equal(NotAwaited, found.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"(^|\s)_ = \w[\w.]*Async\(|async void", RegexOptions.Multiline)]
    private static partial Regex NotAwaitedCall();

    private static IEnumerable<Assembly> Assemblies =>
        [typeof(AiPlatform.Gateway.Program).Assembly, typeof(WorkerHost).Assembly, typeof(IJobStore).Assembly,
            typeof(LoopService).Assembly];

    /// <summary>The loops of a program and of the shared libraries, by their types.</summary>
    private static IEnumerable<string> LoopsOf(Type program) =>
        new[] { program.Assembly, typeof(IJobStore).Assembly, typeof(LoopService).Assembly }.SelectMany(assembly => assembly.GetTypes())
            .Where(type => typeof(LoopService).IsAssignableFrom(type) && !type.IsAbstract)
            .Select(type => type.Name)
            .Except(Elsewhere, StringComparer.Ordinal);

    private string[] Arguments() =>
    [
        $"--urls=http://127.0.0.1:{FreePort.Next()}", $"--ConnectionStrings:redis={redis.ConnectionString}", "--Logging:LogLevel:Default=Warning",
        "--Leasing:DrainTimeout=00:00:00",
    ];

    /// <summary>Ends each loop of a program by force, in a process of its own each time.</summary>
    /// <param name="build">Builds the program.</param>
    /// <param name="last">The loop that is there when all are.</param>
    /// <returns>Their names.</returns>
    private static async Task<SortedSet<string>> EachDiesAsync(Func<WebApplication> build, string last)
    {
        SortedSet<string> died = [];
        // Each loop is tried in its own process, because libraries keep static state.
        while (await Task.Run(() => DieAsync(build(), last, died), Ct) is { } next) died.Add(next);
        return died;
    }

    /// <returns>The loop that died; null when there is none left.</returns>
    private static async Task<string?> DieAsync(WebApplication app, string last, SortedSet<string> died)
    {
        await using var _ = app;
        using var log = new KeptLog();
        app.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        var loops = app.Services.GetRequiredService<BackgroundLoops>();
        (HttpStatusCode Status, string Body)? alive = null;
        app.Lifetime.ApplicationStopping.Register(() => alive = AliveAsync(app).GetAwaiter().GetResult());
        var running = app.RunToExitCodeAsync();
        string[] awaited = [last, last.Replace("leasing", "doorbell", StringComparison.Ordinal)];
        await Poll.UntilAsync(
            () => app.Lifetime.ApplicationStarted.IsCancellationRequested
                && awaited.All(name => loops.All.Any(loop => loop.Name == name)), "all loops run");
        var victim = loops.All.FirstOrDefault(loop => !died.Contains(loop.Name));
        if (victim is null) app.Lifetime.StopApplication();
        else victim.Break(new InvalidOperationException("Nobody foresaw this."));

        Assert.Equal(victim is null ? 0 : 1, await running.WaitAsync(TimeSpan.FromMinutes(1), Ct));
        if (victim is null) return null;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, alive?.Status);
        Assert.Contains(victim.Name, alive?.Body, StringComparison.Ordinal);
        Assert.Contains(
            log.Lines, line => line.Level == LogLevel.Critical && line.Text.Contains($"'{victim.Name}'", StringComparison.Ordinal));
        return victim.Name;
    }

    private static async Task<(HttpStatusCode Status, string Body)> AliveAsync(WebApplication app)
    {
        using var http = new HttpClient();
        using var reply = await http.GetAsync(new Uri(app.Urls.First() + "/alive"), Ct);
        return (reply.StatusCode, await reply.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task Process_Ends_IsStartedAgainByItsSupervisor()
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}") };
        var data = Directory.CreateTempSubdirectory("ai-supervised-");
        var log = new StringBuilder();
        using var supervisor = Start(redis, http.BaseAddress.Port, data.FullName, log);
        try
        {
            await Poll.UntilAsync(
                () => Logged(log, "AiPlatform is ready at"), () => $"the platform is ready:\n{log}", TimeSpan.FromMinutes(3));

            using (var kill = Process.Start("pkill", ["-KILL", "-P", $"{supervisor.Id}", "dotnet"])) await kill.WaitForExitAsync(Ct);
            await Poll.UntilAsync(() => Logged(log, "gateway ended by signal 9")
                && Logged(log, "worker-1 ended by signal 9"), () => $"both have ended:\n{log}");

            await Poll.UntilAsync(() => IsReadyAsync(http), "the Gateway is ready again", TimeSpan.FromMinutes(3));
            await Poll.UntilAsync(async () => await EmbedsAsync(http), "the worker serves again", TimeSpan.FromMinutes(3));
        }
        finally
        {
            // SIGINT is sent as by Ctrl-C, so that it stops the processes that it has started.
            using var kill = Process.Start("kill", ["-TERM", $"{supervisor.Id}"]);
            await supervisor.WaitForExitAsync(CancellationToken.None);
            data.Delete(recursive: true);
        }
    }

    private static Process Start(RedisServer redis, int port, string data, StringBuilder log)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Checkout.Root, "eng", "supervise"), "1", $"{port}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["AI_DATA_DIR"] = data;
        start.Environment["ConnectionStrings__redis"] = redis.ConnectionString;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(log, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(log, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static void Keep(StringBuilder log, string? line)
    {
        lock (log) log.AppendLine(line);
    }

    private static bool Logged(StringBuilder log, string text)
    {
        lock (log) return log.ToString().Contains(text, StringComparison.Ordinal);
    }

    private static async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            using var reply = await http.GetAsync("/health", Ct);
            return reply.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<bool> EmbedsAsync(HttpClient http)
    {
        using var content = new StringContent($$"""{"model":"{{Platform.Model}}","input":"a"}""", Encoding.UTF8, "application/json");
        try
        {
            using var reply = await http.PostAsync("/v1/embeddings", content, Ct);
            return reply.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
