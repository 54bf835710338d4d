using System.Text;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class CommitTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static readonly JobOutcome Other = JobOutcome.Success(new JobOutput(JobOutput.Json, "2"u8.ToArray()), null);
    private static readonly JobOutcome Failure = JobOutcome.Failure(StoreSut.Failed);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CommitAsync_LeaseHeld_StoresResultAndDropsPayload()
    {
        await using var sut = CreateSut();
        var job = await sut.SubmitAndLeaseAsync(sut.Submission("payload") with
        {
            Metadata = """{"a":"b"}""",
            Traceparent = "00-1-2-01",
            Watcher = "gateway-1",
        });

        var stored = await sut.Store.CommitAsync(job, StoreSut.Success, Ct);
        var read = await sut.ReadAsync(job.Id);

        Assert.True(stored);
        Assert.Equal((JobStatus.Succeeded, 1), (read.Status, read.Attempts));
        Assert.Equal("{\"ok\":1}", Result(read));
        Assert.Equal(("""{"prompt_tokens":3,"total_tokens":3}""", """{"a":"b"}"""), (read.Usage, read.Metadata));
        Assert.Equal([JobStatus.Queued, JobStatus.Running, JobStatus.Succeeded], read.History.Changes.Select(change => change.Status));
        Assert.NotNull(read.FinishedAt);
        Assert.Equal(["job"], await sut.KeysAsync());
        string record = (await sut.Database.StringGetAsync(sut.Key($"job:{job.Id.Key}")))!;
        Assert.DoesNotContain("payload", record, StringComparison.Ordinal);
        Assert.DoesNotContain("w=gateway-1", record, StringComparison.Ordinal);
        // Operators find its trace.
        Assert.Contains("t=00-1-2-01", record, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CommitAsync_AnyBytes_AreGivenBackAsTheyWere()
    {
        await using var sut = CreateSut();
        var job = await sut.SubmitAndLeaseAsync();
        byte[] content = [.. Enumerable.Range(0, 1_024).Select(i => (byte)i)];

        await sut.Store.CommitAsync(job, JobOutcome.Success(new JobOutput("application/x-floats", content), null), Ct);
        var read = await sut.ReadAsync(job.Id);

        Assert.Equal("application/x-floats", read.Output!.ContentType);
        Assert.Equal(content, read.Output.Content.ToArray());
        Assert.Null(read.Usage);
        Assert.Null((await sut.Store.ReadAsync(job.Id, null, withOutput: false, Ct))!.Output);
    }

    [Fact]
    public async Task CommitAsync_Again_IsAcceptedAndChangesNothing()
    {
        await using var sut = CreateSut();
        var job = await sut.SubmitAndLeaseAsync();
        await sut.CommitAsync(job);

        var again = await sut.Store.CommitAsync(job, Other, Ct);
        var failed = await sut.Store.CommitAsync(job, Failure, Ct);

        Assert.True(again);
        Assert.False(failed);
        Assert.Equal("{\"ok\":1}", Result(await sut.ReadAsync(job.Id)));
    }

    [Fact]
    public async Task CommitAsync_TwoOutcomesAtOnce_TheFirstStays()
    {
        await using var sut = CreateSut();
        var (one, two) = (await sut.SubmitAndLeaseAsync(), await sut.SubmitAndLeaseAsync());

        var stored = await sut.TogetherAsync(() =>
            new[] { (one, StoreSut.Success), (two, StoreSut.Success), (two, Other), (two, Failure) }
                .Select(commit => sut.Store.CommitAsync(commit.Item1, commit.Item2, Ct)));

        Assert.Equal([true, true, true, false], stored);
        var read = await sut.ReadAsync(two.Id);
        Assert.Equal((JobStatus.Succeeded, "{\"ok\":1}"), (read.Status, Result(read)));
    }

    [Fact]
    public async Task CommitAsync_OlderAttempt_IsRefusedAndTheNewerResultStays()
    {
        await using var sut = CreateSut();
        var paused = await sut.SubmitAndLeaseAsync();
        await sut.LoseAsync(paused);
        var whileItWaits = await sut.Store.CommitAsync(paused, StoreSut.Success, Ct);
        var second = await sut.LeaseOneAsync();

        var stale = await sut.Store.CommitAsync(paused, StoreSut.Success, Ct);
        var fresh = await sut.Store.CommitAsync(second, Other, Ct);
        var late = await sut.Store.CommitAsync(paused, StoreSut.Success, Ct);

        Assert.Equal(2, second.Attempt);
        Assert.Equal((false, false, true, false), (whileItWaits, stale, fresh, late));
        Assert.Equal("2", Result(await sut.ReadAsync(paused.Id)));
    }

    [Fact]
    public async Task CommitAsync_Failure_KeepsThePayloadAndIsNoDeadLetter()
    {
        await using var sut = CreateSut();
        var job = await sut.SubmitAndLeaseAsync(sut.Submission("payload"));

        var stored = await sut.Store.CommitAsync(job, Failure, Ct);
        var again = await sut.Store.CommitAsync(job, Failure, Ct);
        var read = await sut.ReadAsync(job.Id);

        Assert.Equal((true, true), (stored, again));
        Assert.Equal((JobStatus.Failed, StoreSut.Failed), (read.Status, read.Error));
        Assert.Null(read.Output);
        Assert.Equal(["job"], await sut.KeysAsync());
        await sut.Store.RequeueAsync(job.Id, Tenants.Anonymous, Ct);
        Assert.Equal("payload", Encoding.UTF8.GetString((await sut.LeaseOneAsync()).Body.Span));
    }

    [Fact]
    public async Task CommitAsync_ManyOfWhichSomeAreNotOurs_EachHasItsOwnAnswer()
    {
        await using var sut = CreateSut();
        var jobs = new List<LeasedJob>();
        for (var i = 0; i < 12; i++) jobs.Add(await sut.SubmitAndLeaseAsync());
        for (var i = 0; i < 12; i += 3) await sut.Store.CancelAsync(jobs[i].Id, Tenants.Anonymous, Ct);
        jobs[1] = jobs[1] with { Attempt = 2 };
        jobs[2] = jobs[2] with { Id = JobId.New(sut.Queue, TimeProvider.System.GetUtcNow()) };

        var stored = await sut.TogetherAsync(() => jobs.Select(job => sut.Store.CommitAsync(job, StoreSut.Success, Ct)));

        Assert.Equal(Enumerable.Range(0, 12).Select(i => i > 2 && i % 3 != 0), stored);
        Assert.Equal(2, (await sut.Operations.ReadAsync(sut.Queue, Ct)).Running);
    }

    [Fact]
    public async Task CommitAsync_Result_ExpiresAfterItsTime()
    {
        await using var sut = CreateSut(("Jobs:ResultTtl", "00:01:00"), ("Jobs:DeadLetterTtl", "01:00:00"));
        var (succeeded, failed) = (await sut.SubmitAndLeaseAsync(), await sut.SubmitAndLeaseAsync());
        Assert.Null(await sut.Database.KeyTimeToLiveAsync(sut.Key($"job:{succeeded.Id.Key}")));

        await sut.CommitAsync(succeeded);
        await sut.Store.CommitAsync(failed, Failure, Ct);

        foreach (var job in new[] { succeeded, failed })
        {
            var left = await sut.Database.KeyTimeToLiveAsync(sut.Key($"job:{job.Id.Key}"));
            Assert.InRange(left!.Value, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1));
        }
    }

    private static string Result(Job job) => Encoding.UTF8.GetString(job.Output!.Content.Span);

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
