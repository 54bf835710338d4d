using AiPlatform.Chaos.Audit;
using AiPlatform.Chaos.Clients;
using AiPlatform.Chaos.Faults;
using AiPlatform.Chaos.Promises;

namespace AiPlatform.Chaos;

/// <summary>Runs the whole system as real processes, with faults while clients use it, and then checks everything.</summary>
internal sealed class FaultScenario(FaultRun run, FaultScale scale)
{
    /// <summary>Longest wait, after the last fault, until no job waits or runs.</summary>
    private static readonly TimeSpan DrainBound = TimeSpan.FromMinutes(1);

    /// <summary>The counters of ended jobs expire after 35 s; the rest is for a slow machine.</summary>
    private static readonly TimeSpan ExpiryBound = TimeSpan.FromSeconds(35 + 30);

    private readonly GoodRequests _requests = new(run.Seed, scale.WithKeys, scale.Models);

    /// <summary>
    /// Runs the scenario. Problems are recorded in the run, and then the processes' logs are in <paramref name="logs"/>. All started
    /// processes have ended afterwards, even after a cancellation.
    /// </summary>
    public async Task<FaultOutcome> RunAsync(string logs, CancellationToken cancellationToken)
    {
        await using var platform = await FaultyPlatform.StartAsync(run, scale);
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) });
        var clients = Enumerable.Range(0, scale.Clients).Select(i => new FaultClient(
            run, platform, _requests, http, new SeededNumbers((run.Seed * 100) + i), scale.ResultTtl, cancellationToken)).ToList();
        await UseWhileItSuffersAsync(platform, clients, cancellationToken);

        var keys = new QueueKeys(platform.Redis, platform.Queues);
        await CheckAsync(() => keys.UntilNoJobIsOpenAsync(DrainBound, cancellationToken));
        var drained = TimeProvider.System.GetUtcNow();
        if (scale.LooksAgain)
        {
            var shares = run.Accepted.Values.Chunk((run.Accepted.Count / clients.Count) + 1);
            await CheckAsync(() => Task.WhenAll(shares.Zip(clients, (jobs, client) => client.LookAgainAsync(jobs))));
        }

        // If a fault could not be ended, a server may be down; that is the problem to report then.
        await CheckAsync(() => Task.WhenAll(platform.Redis.Primaries.Select(primary => primary.WriteFileAsync())));
        var written = WrittenJobs.Read(platform.Redis.Histories, platform.Queues);
        new JobAudit(run, written, _requests, scale.ResultTtl).Check();
        if (scale.WaitsForExpiry && !run.HasProblems)
        {
            await CheckAsync(() => keys.UntilOnlyProcessesAreLeftAsync(scale.ResultTtl + ExpiryBound, cancellationToken));
            await platform.EndAsync();
            await CheckAsync(() => keys.UntilNoneIsLeftAsync(TimeSpan.FromSeconds(10), cancellationToken));
        }

        if (run.HasProblems) platform.WriteLogs(logs);
        return new FaultOutcome(written, drained - run.Accepted.Values.Select(job => job.AcceptedAt).DefaultIfEmpty(drained).Max());
    }

    /// <summary>Clients submit until their requests are used up or, without a number of them, until the faults are over.</summary>
    private async Task UseWhileItSuffersAsync(
        FaultyPlatform platform, List<FaultClient> clients, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(scale.Limit, TimeProvider.System);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var number = 0;
        int? Next() => Interlocked.Increment(ref number) is var next && next <= scale.Requests
            && !enough.IsCancellationRequested ? next : null;

        var plan = FaultPlan.Make(run.Seed, FaultyPlatform.Lease, scale.Round);
        var faults = platform.SufferAsync(scale.Faults > 0 ? plan.Take(scale.Faults) : plan, enough.Token, cancellationToken);
        var use = Task.WhenAll(clients.Select(client => client.RunAsync(Next, scale.LongestPause)));
        await Task.WhenAny(faults, use);
        await enough.CancelAsync();
        await CheckAsync(() => Task.WhenAll(faults, use));
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task CheckAsync(Func<Task> check)
    {
        try
        {
            await check();
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            run.Complain(failed is TimeoutException ? ProblemKind.Stuck : ProblemKind.Wrong, null, failed.Message);
        }
    }
}

/// <summary>The outcome of a scenario.</summary>
/// <param name="Written">Everything that was written about its jobs.</param>
/// <param name="DrainTime">The time from the last accepted job until no job waited or ran.</param>
internal sealed record FaultOutcome(WrittenJobs Written, TimeSpan DrainTime);
