using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class LeaseTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LeaseAsync_ManyJobs_GivesTheOldestFirstAndAsManyAsAsked()
    {
        await using var sut = CreateSut();
        var submitted = await sut.SubmitAsync(Enumerable.Range(0, 5).Select(i => sut.Submission($"{i}")));

        var last = await sut.ReadAsync(submitted[4]);
        var first = await sut.LeaseAsync(3);
        var rest = await sut.LeaseAsync(3);

        Assert.Equal(4, last.Position);
        Assert.Equal(submitted.Take(3), first.Select(job => job.Id));
        Assert.Equal(submitted.Skip(3), rest.Select(job => job.Id));
        Assert.All(first, job => Assert.Equal(1, job.Attempt));
        Assert.All(first, job => Assert.InRange(job.TimeLeft, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5)));
        Assert.Empty(await sut.LeaseAsync(3));
    }

    [Fact]
    public async Task LeaseAsync_Job_ComesWithItsPayloadAndWhatWasSaidOfIt()
    {
        await using var sut = CreateSut();
        var job = sut.Submission("{\"x\":\n\"ü\t\"}") with { Traceparent = "00-1-2-01", Metadata = """{"a":"ü"}""", Watcher = "gateway-1" };
        await sut.SubmitAsync(job);
        await sut.PassAsync(TimeSpan.FromMilliseconds(5));

        var leased = await sut.LeaseOneAsync();

        Assert.Equal(job.Body.ToArray(), leased.Body.ToArray());
        Assert.Equal(
            (job.Id, 1, job.Endpoint, job.Model, job.Traceparent),
            (leased.Id, leased.Attempt, leased.Endpoint, leased.Model, leased.Traceparent));
        Assert.InRange(leased.Waited, TimeSpan.FromMilliseconds(5), TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.FromMinutes(5), leased.Waited + leased.TimeLeft);
    }

    [Fact]
    public async Task LeaseAsync_Job_RunsUntilItsLeaseEnds()
    {
        await using var sut = CreateSut(("Jobs:LeaseDuration", "00:00:07"));
        var leased = await sut.SubmitAndLeaseAsync();

        var job = await sut.ReadAsync(leased.Id);
        var until = await sut.Database.SortedSetScoreAsync(sut.Key("leases"), leased.Id.Key);

        Assert.Equal((JobStatus.Running, 1), (job.Status, job.Attempts));
        Assert.Null(job.Position);
        Assert.Equal(job.StartedAt!.Value.AddSeconds(7).ToUnixTimeMilliseconds(), until);
    }

    [Fact]
    public async Task LeaseAsync_PayloadOverTheLimit_StopsAfterTheFirst()
    {
        await using var sut = CreateSut();
        var jobs = await sut.SubmitAsync(Enumerable.Range(0, 4).Select(_ => sut.Submission(new string('x', 1_000))));

        var one = await sut.LeaseAsync(4, mostBytes: 100);
        var two = await sut.LeaseAsync(4, mostBytes: 2_500);
        var rest = await sut.LeaseAsync(4);

        Assert.Single(one);
        Assert.Equal(2, two.Count);
        Assert.Equal(jobs, [.. one.Concat(two).Concat(rest).Select(job => job.Id)]);
    }

    [Fact]
    public async Task LeaseAsync_MoreThanOneCallMayTake_GivesAsManyAsItMay()
    {
        await using var sut = CreateSut();
        await sut.SubmitAsync(Enumerable.Range(0, 300).Select(_ => sut.Submission()));

        Assert.Equal(256, (await sut.LeaseAsync(1_000)).Count);
        Assert.Equal(44, (await sut.LeaseAsync(1_000)).Count);
    }

    [Fact]
    public async Task LeaseAsync_DeadlinePassed_JobExpiresAndIsNotGiven()
    {
        await using var sut = CreateSut();
        var late = await sut.SubmitAsync(sut.Submission(deadline: Short));
        var next = await sut.SubmitAsync();
        await sut.PassAsync(TimeSpan.FromMilliseconds(3));

        var leased = await sut.LeaseAsync(1);
        var read = await sut.ReadAsync(late);

        Assert.Equal(next, Assert.Single(leased).Id);
        Assert.Equal((JobStatus.Expired, InferenceErrorKind.DeadlineExceeded), (read.Status, read.Error!.Kind));
        Assert.Equal(0, (await sut.Operations.ReadAsync(sut.Queue, Ct)).Depth);
    }

    [Fact]
    public async Task LeaseAsync_ThousandsExpiredAtOnce_SoonGivesTheNext()
    {
        await using var sut = CreateSut();
        var late = await sut.SubmitAsync(Enumerable.Range(0, 9_100).Select(_ => sut.Submission(deadline: Short)));
        var next = await sut.SubmitAsync();
        await sut.PassAsync(TimeSpan.FromMilliseconds(3));
        var doorbell = await Listener.OnAsync(redis, RedisKeys.Doorbell(sut.Queue));

        var calls = 0;
        IReadOnlyList<LeasedJob> leased = [];
        while (leased.Count == 0)
        {
            Assert.InRange(++calls, 1, 100);
            leased = await sut.LeaseAsync(8);
        }

        Assert.Equal(next, Assert.Single(leased).Id);
        Assert.Equal(JobStatus.Expired, await sut.StatusAsync(late[^1]));
        Assert.Equal(0, (await sut.Operations.ReadAsync(sut.Queue, Ct)).Depth);
        // A worker that got no job although jobs wait tries again at once.
        Assert.Equal(calls - 1, (await doorbell.MessagesAsync()).Count);
    }

    [Fact]
    public async Task LeaseAsync_RecordIsGone_IsPassedOverAndForgotten()
    {
        await using var sut = CreateSut();
        var gone = await sut.SubmitAndLeaseAsync();
        await sut.Store.ReleaseAsync(gone, null, Ct);
        var next = await sut.SubmitAsync();
        await sut.Database.KeyDeleteAsync(sut.Key($"job:{gone.Id.Key}"));

        var leased = await sut.LeaseOneAsync();
        await sut.CommitAsync(leased);
        await sut.LeaseAsync(1);

        Assert.Equal(next, leased.Id);
        Assert.Equal(["job"], await sut.KeysAsync());
    }

    [Fact]
    public async Task LeaseAsync_NothingWaits_GivesNothingAndLeavesNothing()
    {
        await using var sut = CreateSut();

        var leased = await sut.Store.LeaseAsync(sut.Queue, StoreSut.Worker, 10, 1_000, isIdle: true, Ct);

        Assert.Empty(leased.Jobs);
        Assert.Equal((false, false), (leased.MustRunAlone, leased.WantsIdle));
        Assert.Empty(await sut.KeysAsync());
    }

    [Fact]
    public async Task RenewAsync_LeaseHeld_OutlivesItsFirstEnd()
    {
        await using var sut = CreateSut(("Jobs:LeaseDuration", "00:00:07"));
        var renewed = await sut.SubmitAndLeaseAsync();
        var forgotten = await sut.SubmitAndLeaseAsync();
        foreach (var job in new[] { renewed, forgotten }) await sut.PassAsync("leases", job.Id);

        var held = await sut.Store.RenewAsync(sut.Queue, [renewed], Ct);
        var swept = await sut.SweepAsync();

        Assert.Equal([true], held);
        Assert.Equal(new SweepResult(1, 0, 0, 0), swept);
        Assert.Equal((JobStatus.Running, JobStatus.Queued), (await sut.StatusAsync(renewed.Id), await sut.StatusAsync(forgotten.Id)));
    }

    [Fact]
    public async Task RenewAsync_SomeNotOurs_ProlongsTheOthersOnly()
    {
        await using var sut = CreateSut();
        var lost = await sut.SubmitAndLeaseAsync();
        await sut.LoseAsync(lost);
        var again = await sut.LeaseOneAsync("worker-2");
        var ours = await sut.SubmitAndLeaseAsync();
        var ended = await sut.SubmitAndLeaseAsync();
        await sut.CommitAsync(ended);
        var unknown = ours with { Id = JobId.New(sut.Queue, TimeProvider.System.GetUtcNow()) };
        await sut.PassAsync("leases", again.Id);

        var held = await sut.Store.RenewAsync(sut.Queue, [lost, ours, ended, unknown], Ct);

        Assert.Equal([false, true, false, false], held);
        Assert.Equal(1, await sut.Database.SortedSetScoreAsync(sut.Key("leases"), again.Id.Key));
        Assert.Equal(2, (await sut.Operations.ReadAsync(sut.Queue, Ct)).Running);
    }

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
