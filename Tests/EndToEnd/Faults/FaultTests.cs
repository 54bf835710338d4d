using System.Globalization;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>
/// The whole system as real processes, which are killed again and again while clients use it. <c>AI_FAULT_SEED</c> chooses another
/// run; a failure names the seed, what was done when, and what was written of the jobs concerned.
/// </summary>
public sealed class FaultTests
{
    /// <summary>Whether a request that comes again with its idempotency key is the same job.</summary>
    private const bool KeysAreHonoured = false;

    /// <summary>The counters of ended jobs expire after 35 s; then there is room for a slow machine.</summary>
    private static readonly TimeSpan ExpiryBound = TimeSpan.FromSeconds(35 + 30);

    private static readonly FaultKind[] Round =
    [
        FaultKind.KillWorker, FaultKind.KillWorker, FaultKind.KillWorker, FaultKind.StopWorker, FaultKind.StopWorker,
        FaultKind.KillGateway, FaultKind.KillGateway, FaultKind.KillGateway, FaultKind.KillRedis, FaultKind.KillRedis,
    ];

    private static int Seed =>
        Environment.GetEnvironmentVariable("AI_FAULT_SEED") is { Length: > 0 } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : 1;

    [Fact]
    public Task EverythingKilled_AtRandomPoints_EveryAcceptedJobSucceedsOnce() => RunAsync(new Scale
    {
        Faults = Round.Length,
        Clients = 6,
        LongestPause = TimeSpan.FromMilliseconds(150),
        ResultTtl = TimeSpan.FromSeconds(35),
    });

    [Fact]
    [Trait("Category", "Long")]
    public Task EverythingKilled_EveryTwoSecondsForTenThousandJobs_EveryAcceptedJobSucceedsOnce() => RunAsync(new Scale
    {
        Faults = Round.Length,
        Requests = 10_000,
        Clients = 16,
        LongestPause = TimeSpan.Zero,
        ResultTtl = TimeSpan.FromSeconds(120),
    });

    [Fact]
    public Task RedisKilled_AndItsLastSecondLost_LosesNothingElseAndNoJobByHalf() => RunAsync(new Scale
    {
        Flush = "everysec",
        Round = [FaultKind.KillRedisAndLoseWrites],
        Faults = 3,
        Clients = 4,
        LongestPause = TimeSpan.FromMilliseconds(150),
        ResultTtl = TimeSpan.FromMinutes(2),
        WithKeys = false,
        WaitsForExpiry = false,
    });

    private static async Task RunAsync(Scale scale)
    {
        var run = new FaultRun(Seed);
        var requests = new GoodRequests(run.Seed, scale.WithKeys);
        await using var platform = await FaultyPlatform.StartAsync(run, scale.Flush, scale.ResultTtl);

        await UseWhileItSuffersAsync(run, platform, requests, scale);

        var keys = new QueueKeys(platform.Redis, FaultyPlatform.Queue);
        await CheckAsync(run, () => keys.UntilNoJobIsOpenAsync(TimeSpan.FromMinutes(1)));
        var written = WrittenJobs.Read(platform.Redis, FaultyPlatform.Queue);
        new JobAudit(run, written, requests, scale.ResultTtl).Check();
        TestContext.Current.TestOutputHelper?.WriteLine($"{run.Summary()}{Environment.NewLine}{run.Incidents()}");
        if (scale.WaitsForExpiry && !run.HasProblems)
        {
            await CheckAsync(run, () => keys.UntilOnlyProcessesAreLeftAsync(scale.ResultTtl + ExpiryBound));
            await platform.EndAsync();
            await CheckAsync(run, () => keys.UntilNoneIsLeftAsync(TimeSpan.FromSeconds(10)));
        }

        if (run.HasProblems) Fail(run, platform, written);
    }

    /// <summary>Clients submit until their requests are used up or, without a number of them, until the faults are.</summary>
    private static async Task UseWhileItSuffersAsync(FaultRun run, FaultyPlatform platform, GoodRequests requests, Scale scale)
    {
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) });
        using var enough = new CancellationTokenSource();
        var number = 0;
        int? Next() => Interlocked.Increment(ref number) is var next && next <= scale.Requests && !enough.IsCancellationRequested ? next : null;

        var clients = Enumerable.Range(0, scale.Clients).Select(i =>
            new FaultClient(run, platform, requests, http, new SeededNumbers((run.Seed * 100) + i)).RunAsync(Next, scale.LongestPause)).ToList();
        var plan = FaultPlan.Make(run.Seed, FaultyPlatform.Lease, scale.Round);
        if (scale.Requests == int.MaxValue)
        {
            await platform.SufferAsync(plan.Take(scale.Faults), enough.Token);
            await enough.CancelAsync();
            await Task.WhenAll(clients);
        }
        else
        {
            var suffering = platform.SufferAsync(plan, enough.Token);
            await Task.WhenAll(clients);
            await enough.CancelAsync();
            await suffering;
        }
    }

    private static async Task CheckAsync(FaultRun run, Func<Task> check)
    {
        try
        {
            await check();
        }
        catch (TimeoutException failed)
        {
            run.Complain(null, failed.Message);
        }
    }

    private static void Fail(FaultRun run, FaultyPlatform platform, WrittenJobs written)
    {
        var logs = Path.Combine(Checkout.Root, "artifacts", "fault-logs", string.Create(CultureInfo.InvariantCulture, $"{run.Seed}-{Environment.ProcessId}"));
        platform.WriteLogs(logs);
        Assert.Fail($"{run.Report(written.HistoryOf)}{Environment.NewLine}The processes' logs lie in {logs}.");
    }

    /// <summary>How much is done.</summary>
    private sealed record Scale
    {
        /// <summary>Redis' <c>appendfsync</c>.</summary>
        public string Flush { get; init; } = "always";

        public IReadOnlyList<FaultKind> Round { get; init; } = FaultTests.Round;

        /// <summary>Faults, where the number of requests does not decide.</summary>
        public required int Faults { get; init; }

        public int Requests { get; init; } = int.MaxValue;

        public required int Clients { get; init; }

        /// <summary>Of a client between two requests.</summary>
        public required TimeSpan LongestPause { get; init; }

        /// <summary>Longer than clients need to ask for what they submitted.</summary>
        public required TimeSpan ResultTtl { get; init; }

        /// <summary>Whether some requests have an idempotency key; writes that are lost may be those of keys.</summary>
        public bool WithKeys { get; init; } = KeysAreHonoured;

        /// <summary>Whether it ends when every key of the queue has gone.</summary>
        public bool WaitsForExpiry { get; init; } = true;
    }
}
