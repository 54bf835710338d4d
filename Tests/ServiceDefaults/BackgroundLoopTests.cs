using System.Collections.Concurrent;
using AiPlatform.ServiceDefaults;
using AiPlatform.ServiceDefaults.Health;
using AiPlatform.ServiceDefaults.Loops;
using AiPlatform.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults;

/// <summary>The end of a loop and of its process, for every way in which a turn can end.</summary>
public sealed class BackgroundLoopTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Turn_Outage_IsWaitedOutAndToldByReadiness()
    {
        await using var sut = Build();
        await sut.StartAsync(Ct);
        var (turns, away) = (0, true);
        var loop = Start(sut, "searching", _ => Interlocked.Increment(ref turns) > 0 && Volatile.Read(ref away) ? throw new OutageException("It is away.") : Task.CompletedTask);

        await Poll.UntilAsync(() => Volatile.Read(ref turns) > 1, "it tries again");
        var (degraded, alive) = (await CheckAsync(sut, HealthTags.Ready), await CheckAsync(sut, HealthTags.Live));
        Volatile.Write(ref away, false);
        await Poll.UntilAsync(() => loop.Trouble is null, "it goes on");

        Assert.Equal((HealthStatus.Degraded, "searching: It is away."),
            (degraded.Entries["background"].Status, degraded.Entries["background"].Description));
        Assert.Equal(HealthStatus.Healthy, alive.Status);
        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(sut, HealthTags.Ready)).Entries["background"].Status);
        Assert.Null(loop.Death);
    }

    /// <summary>One of many that is refused does not keep the others from their turn.</summary>
    [Fact]
    public async Task ForEach_OneIsNotServed_DoesTheOthersAndTellsIt()
    {
        await using var sut = Build();
        await sut.StartAsync(Ct);
        var done = new ConcurrentQueue<int>();
        var loop = sut.Services.GetRequiredService<BackgroundLoops>().Start(
            "some", TimeSpan.FromMilliseconds(20), (loop, _) => loop.ForEachAsync(Enumerable.Range(0, 3), one =>
        {
            if (one == 1) throw new OutageException("The second is damaged.") { IsPartial = true };
            done.Enqueue(one);
            return Task.CompletedTask;
        }));

        await Poll.UntilAsync(() => done.Count >= 4, "others are done, again and again");
        await Poll.UntilAsync(() => loop.Trouble is not null, "it is told");

        Assert.Equal("The second is damaged.", loop.Trouble);
        Assert.Equal([0, 2, 0, 2], done.Take(4));
    }

    public static TheoryData<string> Bugs =>
        ["InvalidOperationException", "OperationCanceledException", "ObjectDisposedException", "broken"];

    [Theory]
    [MemberData(nameof(Bugs))]
    public async Task Turn_Bug_EndsTheProcess(string bug)
    {
        await using var sut = Build();
        var log = sut.Services.GetRequiredService<KeptLog>();
        HealthReport? alive = null;
        sut.Lifetime.ApplicationStopping.Register(() => alive = CheckAsync(sut, HealthTags.Live).GetAwaiter().GetResult());
        var running = sut.RunToExitCodeAsync();
        await Poll.UntilAsync(() => sut.Lifetime.ApplicationStarted.IsCancellationRequested, "it has started");

        var loop = Start(sut, "failing", token => bug switch
        {
            "InvalidOperationException" => throw new InvalidOperationException("Nobody foresaw this."),
            "OperationCanceledException" => throw new OperationCanceledException(),
            "ObjectDisposedException" => throw new ObjectDisposedException("it"),
            _ => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token),
        });
        if (bug == "broken") loop.Break(new InvalidOperationException("Broken."));

        Assert.Equal(1, await running.WaitAsync(TimeSpan.FromSeconds(60), Ct));
        Assert.NotNull(loop.Death);
        Assert.Equal(HealthStatus.Unhealthy, alive!.Status);
        Assert.Contains("failing", alive.Entries["loops"].Description, StringComparison.Ordinal);
        Assert.Contains(log.Lines, line => line.Level == LogLevel.Critical && line.Text.Contains("'failing'", StringComparison.Ordinal));
    }

    /// <summary>The services of a process are already disposed when it stops.</summary>
    [Fact]
    public async Task Turn_FailsWhileItStops_IsNoBug()
    {
        await using var sut = Build();
        await sut.StartAsync(Ct);
        var loop = Start(sut, "stopping", async token =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new ObjectDisposedException("it");
        });

        await loop.StopAsync();

        Assert.Null(loop.Death);
        Assert.False(sut.Lifetime.ApplicationStopping.IsCancellationRequested);
        Assert.DoesNotContain(loop, sut.Services.GetRequiredService<BackgroundLoops>().All);
    }

    /// <summary>There is a loop for each model, and one Redis.</summary>
    [Fact]
    public async Task Turn_OneTroubleOfManyLoops_IsOneLineAndOneWhenTheLastGoesOn()
    {
        await using var sut = Build();
        await sut.StartAsync(Ct);
        var away = true;
        List<BackgroundLoop> loops = [.. Enumerable.Range(0, 20).Select(i => Start(
            sut, $"leasing {i}",
            _ => Volatile.Read(ref away) ? throw new OutageException($"Redis did not answer the script '{i % 3}' within 3 s.") : Task.CompletedTask))];
        var other = Start(sut, "other", _ => throw new OutageException("Something else."));

        await Poll.UntilAsync(() => other.Trouble is not null && loops.TrueForAll(loop => loop.Trouble is not null), "all have told it");
        Volatile.Write(ref away, false);
        await Poll.UntilAsync(() => loops.TrueForAll(loop => loop.Trouble is null), "all go on");
        await Task.WhenAll(loops.Select(loop => loop.StopAsync()));

        var lines = sut.Services.GetRequiredService<KeptLog>().Lines.Where(line => line.Level > LogLevel.Debug).ToList();
        Assert.Single(lines, line => line.Text.Contains("did not answer", StringComparison.Ordinal));
        Assert.Single(lines, line => line.Text.Contains("Something else", StringComparison.Ordinal));
        Assert.Single(lines, line => line.Text.Contains("goes on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Process_StoppedWhileItStarts_EndsWithZero()
    {
        var start = new SlowStart();
        await using var sut = Build(services => services.AddSingleton<IHostedService>(start));

        var running = sut.RunToExitCodeAsync();
        await start.Begun.Task.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        sut.Lifetime.StopApplication();

        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(60), Ct));
    }

    private static BackgroundLoop Start(WebApplication app, string name, Func<CancellationToken, Task> turn) =>
        app.Services.GetRequiredService<BackgroundLoops>().Start(name, TimeSpan.FromMilliseconds(20), (_, token) => turn(token));

    private static Task<HealthReport> CheckAsync(WebApplication app, string tag) =>
        app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Tags.Contains(tag), Ct);

    private static WebApplication Build(Action<IServiceCollection>? add = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        var log = new KeptLog();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.AddSingleton(log);
        builder.Configuration.AddInMemoryCollection(
        [
            KeyValuePair.Create<string, string?>("ConnectionStrings:redis", $"127.0.0.1:{FreePort.Next()}"),
            KeyValuePair.Create<string, string?>("urls", $"http://127.0.0.1:{FreePort.Next()}"),
        ]);
        builder.AddServiceDefaults("test", HealthStatus.Degraded);
        add?.Invoke(builder.Services);
        return builder.Build();
    }

    /// <summary>Starts until it is stopped.</summary>
    private sealed class SlowStart : IHostedService
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task StartAsync(CancellationToken cancellationToken)
        {
            Begun.SetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
