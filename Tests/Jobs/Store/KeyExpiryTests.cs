using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>No key of a queue stays in Redis forever.</summary>
public sealed class KeyExpiryTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Scripts_JobsOfEveryKindHaveEnded_LeaveNoKey()
    {
        await using var sut = StoreSut.On(
            redis, ("Jobs:ResultTtl", "00:00:01"), ("Jobs:DeadLetterTtl", "00:00:02"), ("Jobs:EventsTtl", "00:00:01"),
            ("Jobs:MaxFailures", "2"),
            ("Jobs:MaxLostLeases", "3"), ("Jobs:RetryDelay", "00:00:00"),
            ("Jobs:PollInterval", "00:00:00.100"), ("Jobs:SweepInterval", "00:00:00.050"));
        foreach (var lane in Enum.GetValues<Lane>())
        {
            var some = sut.Submission() with { Lane = lane, Watcher = "gateway-1" };
            await sut.SubmitAsync(
                Enumerable.Range(0, 12).Select(i => some with { Id = sut.Submission().Id, Tenant = $"t-{i % 4}", Cost = 1 + i }));
        }

        var idle = 0;
        for (var turn = 0; idle < 2; turn++)
        {
            var jobs = (await sut.Store.LeaseAsync(sut.Queue, StoreSut.Worker, 3, 1_000_000, isIdle: turn % 2 == 0, Ct)).Jobs;
            idle = jobs.Count == 0 && (await sut.Operations.ReadAsync(sut.Queue, Ct)).Depth == 0 ? idle + 1 : 0;
            for (var i = 0; i < jobs.Count; i++) await EndAsync(sut, jobs[i], turn + i);
        }

        await Poll.UntilAsync(
            async () =>
            {
                await sut.SweepAsync();
                await sut.LeaseAsync(1);
                return (await LeftAsync(sut)).All(key => key == sut.Key("waiting") || key == sut.Key("swept"));
            },
            "all that is left is what says that somebody was here");
        await Poll.UntilAsync(async () => (await LeftAsync(sut)).Count == 0, "nothing is left");

        foreach (var slice in await sut.AllKeysAsync())
        {
            var left = await sut.Database.KeyTimeToLiveAsync(slice);
            Assert.NotNull(left);
            Assert.InRange(left.Value, TimeSpan.Zero, TimeSpan.FromSeconds(35));
        }
    }

    /// <summary>Ends or returns a job in one of the possible ways.</summary>
    private static async Task EndAsync(StoreSut sut, LeasedJob job, int how)
    {
        var tenant = (await sut.ReadAsync(job.Id)).Tenant;
        await sut.Store.AppendAsync(job, [new JobEvent(0, how % 2 == 0 ? JobEvent.Output : JobEvent.Progress, "1")], Ct);
        await sut.Store.ReadAsync(job.Id, "gateway-2", false, Ct);
        await sut.Store.ReadLogAsync(job.Id, 0, "gateway-2", Ct);
        switch (how % 7)
        {
            case 0: await sut.CommitAsync(job); break;
            case 1: await sut.Store.CommitAsync(job, JobOutcome.Failure(StoreSut.Failed), Ct); break;
            case 2: await sut.Store.ReleaseAsync(job, StoreSut.Failed, Ct); break;
            case 3: await sut.LoseAsync(job); break;
            case 4: await sut.Store.CancelAsync(job.Id, tenant, Ct); break;
            case 5:
                await sut.PassAsync("deadlines", job.Id);
                await sut.SweepAsync();
                break;
            case 6:
                await sut.Store.CancelAsync(job.Id, tenant, Ct);
                await sut.Store.RequeueAsync(job.Id, tenant, Ct);
                break;
        }
    }

    /// <summary>The keys, except the counts of ended jobs, which stay for half a minute.</summary>
    private static async Task<List<string>> LeftAsync(StoreSut sut) =>
        [.. (await sut.AllKeysAsync()).Where(key => !key.Contains(":drained:", StringComparison.Ordinal))];
}
