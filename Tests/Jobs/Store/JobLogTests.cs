using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>The changes of a job's status and its events share one sequence of numbers.</summary>
public sealed class JobLogTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AppendAsync_LeaseHeld_EventsAreNumberedBehindTheChanges()
    {
        await using var sut = CreateSut();
        var job = await sut.SubmitAndLeaseAsync();

        var first = await sut.Store.AppendAsync(job, [Output("\"a\""), Progress("""{"done":1}""")], Ct);
        var second = await sut.Store.AppendAsync(job, [Output("\"ü\\n\"")], Ct);
        var log = await LogAsync(sut, job.Id);
        var rest = await LogAsync(sut, job.Id, after: 4);

        Assert.Equal((true, true, true), (first, second, log.IsWhole));
        Assert.Equal(
            [new(3, JobEvent.Output, "\"a\""), new(4, JobEvent.Progress, """{"done":1}"""), new(5, JobEvent.Output, "\"ü\\n\"")], log.Events);
        Assert.Equal(5, Assert.Single(rest.Events).Sequence);
        Assert.Empty((await LogAsync(sut, job.Id, after: 5)).Events);
        Assert.Equal((JobStatus.Running, 3), (log.Job.Status, log.Job.EventCount));
        Assert.Equal("""{"done":1}""", (await sut.ReadAsync(job.Id)).Progress);
    }

    [Fact]
    public async Task CommitAsync_JobWithEvents_TakesTwoNumbersAndKeepsItsProgress()
    {
        await using var sut = CreateSut();
        var job = await sut.SubmitAndLeaseAsync();
        await sut.Store.AppendAsync(job, [Progress("1"), Progress("2")], Ct);

        await sut.CommitAsync(job);
        var log = await LogAsync(sut, job.Id);

        Assert.Equal([1, 2, 5], log.Job.History.Changes.Select(change => change.Sequence));
        Assert.Equal((6, 2, "2"), (log.Job.LastSequence, log.Job.EventCount, log.Job.Progress));
        Assert.Equal([3, 4], log.Events.Select(one => one.Sequence));
        Assert.NotNull(log.Job.Output);
    }

    [Fact]
    public async Task AppendAsync_NoLongerOurs_IsRefused()
    {
        await using var sut = CreateSut();
        var lost = await sut.SubmitAndLeaseAsync();
        await sut.LoseAsync(lost);
        var queued = await sut.Store.AppendAsync(lost, [Output("1")], Ct);
        var second = await sut.LeaseOneAsync();
        var older = await sut.Store.AppendAsync(lost, [Output("1")], Ct);
        await sut.CommitAsync(second);
        var ended = await sut.Store.AppendAsync(second, [Output("1")], Ct);
        var unknown = await sut.Store.AppendAsync(
            second with { Id = JobId.New(sut.Queue, TimeProvider.System.GetUtcNow()) }, [Output("1")], Ct);

        Assert.All([queued, older, ended, unknown], Assert.False);
        Assert.Equal(["job"], await sut.KeysAsync());
    }

    [Fact]
    public async Task ReadLogAsync_Unknown_IsNull()
    {
        await using var sut = CreateSut();

        Assert.Null(await sut.Store.ReadLogAsync(JobId.New(sut.Queue, TimeProvider.System.GetUtcNow()), 0, "gateway-1", Ct));
        Assert.Empty(await sut.KeysAsync());
    }

    [Theory]
    [InlineData(999, 1)]
    [InlineData(1_000, 2)]
    [InlineData(2_500, 3)]
    public async Task ReadLogAsync_ManyEvents_AreReadInParts(int count, int parts)
    {
        await using var sut = CreateSut();
        var job = await sut.SubmitAndLeaseAsync();
        foreach (var chunk in Enumerable.Range(0, count).Chunk(500))
            await sut.Store.AppendAsync(job, [.. chunk.Select(i => Output($"{i}"))], Ct);

        List<JobLog> read = [await LogAsync(sut, job.Id)];
        while (!read[^1].IsWhole) read.Add(await LogAsync(sut, job.Id, read[^1].Events[^1].Sequence));

        Assert.Equal(parts, read.Count);
        Assert.Equal(
            Enumerable.Range(0, count).Select(i => new JobEvent(3 + i, JobEvent.Output, $"{i}")), read.SelectMany(part => part.Events));
    }

    [Fact]
    public async Task Events_AfterTheEnd_ExpireBeforeTheJob()
    {
        await using var sut = CreateSut(("Jobs:EventsTtl", "00:00:01"));
        var job = await sut.SubmitAndLeaseAsync();
        await sut.Store.AppendAsync(job, [Output("1")], Ct);
        var events = sut.Key($"events:{job.Id.Key}");
        Assert.Null(await sut.Database.KeyTimeToLiveAsync(events));

        await sut.Store.CancelAsync(job.Id, Tenants.Anonymous, Ct);
        await Poll.UntilAsync(async () => (await LogAsync(sut, job.Id)).Events.Count == 0, "the events expire");
        await sut.Store.RequeueAsync(job.Id, Tenants.Anonymous, Ct);
        var again = await sut.LeaseOneAsync();
        await sut.Store.AppendAsync(again, [Output("2")], Ct);

        // 1 queued, 2 running, 3 the event that is gone, 4 and 5 canceled, 6 queued, 7 running.
        Assert.Equal([new JobEvent(8, JobEvent.Output, "2")], (await LogAsync(sut, job.Id)).Events);
    }

    [Fact]
    public async Task RequeueAsync_EventsAreStillThere_TheyAreKept()
    {
        await using var sut = CreateSut(("Jobs:EventsTtl", "00:10:00"));
        var job = await sut.SubmitAndLeaseAsync();
        await sut.Store.AppendAsync(job, [Output("1")], Ct);
        await sut.Store.CancelAsync(job.Id, Tenants.Anonymous, Ct);
        Assert.NotNull(await sut.Database.KeyTimeToLiveAsync(sut.Key($"events:{job.Id.Key}")));

        await sut.Store.RequeueAsync(job.Id, Tenants.Anonymous, Ct);

        Assert.Null(await sut.Database.KeyTimeToLiveAsync(sut.Key($"events:{job.Id.Key}")));
        Assert.Equal(3, Assert.Single((await LogAsync(sut, job.Id)).Events).Sequence);
    }

    private enum Step
    {
        Lease,
        Append,
        AppendMany,
        Release,
        Fail,
        Lose,
        Commit,
        CommitFailure,
        Cancel,
        Expire,
        Requeue,
    }

    /// <summary>
    /// Whatever happens to a job, its numbers have no gaps, and each number means the same event to every reader at any time.
    /// </summary>
    [Fact]
    public Task ReadLogAsync_AnyTransitions_NumbersAreGaplessAndStayTheSame()
    {
        var step = Gen.Frequency(
            (6, Gen.Constant(Step.Lease)),
            (4, Gen.Constant(Step.Append)),
            (3, Gen.Constant(Step.Requeue)),
            (5, Gen.Elements(Enum.GetValues<Step>())));
        return Property.HoldsAsync(step, 30, 40, CheckNumbersAsync);
    }

    private async Task CheckNumbersAsync(Step[] steps)
    {
        await using var sut = CreateSut(("Jobs:MaxFailures", "3"), ("Jobs:MaxLostLeases", "4"), ("Jobs:RetryDelay", "00:00:00"));
        var id = await sut.SubmitAsync();
        LeasedJob? leased = null;
        Dictionary<long, string> known = [];
        foreach (var step in steps)
        {
            leased = await StepAsync(sut, id, leased, step);

            var whole = await LogAsync(sut, id);
            var numbers = Numbers(whole).ToList();
            Assert.Equal(Enumerable.Range(1, numbers.Count).Select(number => (long)number), numbers.Select(one => one.Number).Order());
            foreach (var (number, what) in numbers) Assert.Equal(what, known.TryAdd(number, what) ? what : known[number]);
            Assert.Equal(known.Count, numbers.Count);
            Assert.Equal(known.Count, whole.Job.LastSequence + whole.Events.Count(one => one.Sequence > whole.Job.LastSequence));
            Assert.Equal(whole.Events.Where(one => one.Sequence > known.Count / 2), (await LogAsync(sut, id, known.Count / 2)).Events);
            Assert.Equal(whole.Job.History.Changes, (await sut.ReadAsync(id)).History.Changes);
        }
    }

    private static IEnumerable<(long Number, string What)> Numbers(JobLog log)
    {
        foreach (var change in log.Job.History.Changes)
        {
            yield return (change.Sequence, $"{change.Status} {change.Attempt} {change.At:O}");
            if (change.Status.IsFinished) yield return (change.Sequence + 1, "the whole job");
        }

        foreach (var one in log.Events) yield return (one.Sequence, $"{one.Kind} {one.Data}");
    }

    private static async Task<LeasedJob?> StepAsync(StoreSut sut, JobId id, LeasedJob? leased, Step step)
    {
        switch (step)
        {
            case Step.Lease when leased is null:
                return (await sut.Store.LeaseAsync(sut.Queue, StoreSut.Worker, 1, 1_000_000, isIdle: true, Ct)).Jobs.SingleOrDefault();
            case Step.Append when leased is not null:
                Assert.True(await sut.Store.AppendAsync(leased, [Output($"\"{Guid.NewGuid()}\"")], Ct));
                return leased;
            case Step.AppendMany when leased is not null:
                Assert.True(await sut.Store.AppendAsync(leased, [Output("1"), Progress("2"), Output("3")], Ct));
                return leased;
            case Step.Release or Step.Fail when leased is not null:
                Assert.NotEqual(
                    ReleaseOutcome.Refused, await sut.Store.ReleaseAsync(leased, step == Step.Fail ? StoreSut.Failed : null, Ct));
                return null;
            case Step.Lose when leased is not null:
                await sut.LoseAsync(leased);
                return null;
            case Step.Commit or Step.CommitFailure when leased is not null:
                Assert.True(
                    await sut.Store.CommitAsync(leased, step == Step.Commit ? StoreSut.Success : JobOutcome.Failure(StoreSut.Failed), Ct));
                return null;
            case Step.Cancel:
                await sut.Store.CancelAsync(id, Tenants.Anonymous, Ct);
                return null;
            case Step.Expire when !(await sut.StatusAsync(id)).IsFinished:
                await sut.PassAsync("deadlines", id);
                await sut.SweepAsync();
                return null;
            case Step.Requeue:
                await sut.Store.RequeueAsync(id, Tenants.Anonymous, Ct);
                return leased;
            default:
                return leased;
        }
    }

    private static JobEvent Output(string data) => new(0, JobEvent.Output, data);

    private static JobEvent Progress(string data) => new(0, JobEvent.Progress, data);

    private static async Task<JobLog> LogAsync(StoreSut sut, JobId id, long after = 0)
    {
        var log = await sut.Store.ReadLogAsync(id, after, null, Ct);
        Assert.NotNull(log);
        return log;
    }

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
