using System.Globalization;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>
/// The whole system as real processes, to which faults happen while clients use it; then everything is checked. <c>AI_FAULT_SEED</c>
/// chooses another run; a failure names the seed, what was done when, and what was written of the jobs concerned.
/// </summary>
internal static class FaultScenario
{
    /// <summary>The counters of ended jobs expire after 35 s; then there is room for a slow machine.</summary>
    private static readonly TimeSpan ExpiryBound = TimeSpan.FromSeconds(35 + 30);

    private static int Seed =>
        Environment.GetEnvironmentVariable("AI_FAULT_SEED") is { Length: > 0 } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : 1;

    public static async Task RunAsync(FaultScale scale)
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

    /// <summary>Clients submit until their requests are used up or, without a number of them, until the faults are over.</summary>
    private static async Task UseWhileItSuffersAsync(FaultRun run, FaultyPlatform platform, GoodRequests requests, FaultScale scale)
    {
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) });
        using var enough = new CancellationTokenSource();
        var number = 0;
        int? Next() => Interlocked.Increment(ref number) is var next && next <= scale.Requests && !enough.IsCancellationRequested ? next : null;

        var plan = FaultPlan.Make(run.Seed, FaultyPlatform.Lease, scale.Round);
        var faults = platform.SufferAsync(scale.Faults > 0 ? plan.Take(scale.Faults) : plan, enough.Token);
        var clients = Task.WhenAll(Enumerable.Range(0, scale.Clients).Select(i =>
            new FaultClient(run, platform, requests, http, new SeededNumbers((run.Seed * 100) + i), scale.ResultTtl).RunAsync(Next, scale.LongestPause)));

        await Task.WhenAny(faults, clients);
        await enough.CancelAsync();
        await CheckAsync(run, () => Task.WhenAll(faults, clients));
    }

    private static async Task CheckAsync(FaultRun run, Func<Task> check)
    {
        try
        {
            await check();
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
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
}
