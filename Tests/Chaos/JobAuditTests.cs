using AiPlatform.Chaos;
using AiPlatform.Chaos.Audit;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Jobs.Store;
using Xunit;

namespace AiPlatform.Tests.Chaos;

/// <summary>The audit finds faults of a platform, which these tests cause in a Redis on purpose.</summary>
public sealed class JobAuditTests : IAsyncLifetime
{
    private static readonly GoodRequests Requests = new(seed: 1, withKeys: false, ["m"]);

    private readonly RedisServer _redis = RedisServer.With("--auto-aof-rewrite-percentage", "0");
    private readonly FaultRun _run = new(seed: 1);
    private StoreSut _sut = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _redis.InitializeAsync();
        _sut = StoreSut.On(_redis);
    }

    public async ValueTask DisposeAsync()
    {
        await _sut.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Check_JobsEndedOnce_FindsNothing()
    {
        var (job, request) = await AcceptAndLeaseAsync();
        await CommitAsync(job, request);

        await AssertFoundAsync();
        Assert.Contains("| jobs succeeded | 1 |", Table(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_AcceptedJobWasNeverWritten_IsLost()
    {
        var (job, request) = await AcceptAndLeaseAsync();
        await CommitAsync(job, request);
        Accept(JobId.New(_sut.Queue, TimeProvider.System.GetUtcNow()), request);

        await AssertFoundAsync(lost: 1);
    }

    [Fact]
    public async Task Check_JobHasNoEnd_IsStuck()
    {
        await AcceptAndLeaseAsync();

        await AssertFoundAsync(stuck: 1);
    }

    /// <summary>What would happen without the fencing token: a late worker commits a job that another worker has ended.</summary>
    [Fact]
    public async Task Check_LateWorkerCommitsToo_IsDuplicated()
    {
        var (job, request) = await AcceptAndLeaseAsync();
        var (record, state) = (_sut.Key($"job:{job.Id.Key}"), _sut.Key("state"));
        var (recordBefore, stateBefore) = (await _sut.Database.StringGetAsync(record), await _sut.Database.HashGetAsync(state, job.Id.Key));
        await CommitAsync(job, request);

        await _sut.Database.StringSetAsync(record, recordBefore);
        await _sut.Database.HashSetAsync(state, job.Id.Key, stateBefore);
        await CommitAsync(job, request);

        await AssertFoundAsync(duplicated: 1);
    }

    [Fact]
    public async Task Check_JobIsLeasedAgainWithTheSameNumber_IsDuplicated()
    {
        var (job, request) = await AcceptAndLeaseAsync();
        var state = _sut.Key("state");
        await _sut.Database.HashSetAsync(state, job.Id.Key, await _sut.Database.HashGetAsync(state, job.Id.Key));
        await CommitAsync(job, request);

        await AssertFoundAsync(duplicated: 1);
    }

    [Fact]
    public async Task Check_StoredResultIsAnotherOnes_IsWrong()
    {
        var (job, _) = await AcceptAndLeaseAsync();
        await CommitAsync(job, RequestOf(1_000));

        await AssertFoundAsync(wrong: 1);
    }

    /// <summary>A request whose body is a job's body as it stands.</summary>
    private static GoodRequest RequestOf(int least) =>
        Enumerable.Range(least, 100).Select(Requests.Make).First(
            request => request.Kind == CallKind.RespondAsync && request.Vectors.Count == 1);

    private async Task<(LeasedJob Job, GoodRequest Request)> AcceptAndLeaseAsync()
    {
        var request = RequestOf(1);
        var job = await _sut.SubmitAndLeaseAsync(_sut.Submission(System.Text.Encoding.UTF8.GetString(request.Body)));
        Accept(job.Id, request);
        return (job, request);
    }

    private void Accept(JobId id, GoodRequest request) =>
        _run.Accepted.TryAdd(id.ToString(), new AcceptedJob(request, id.ToString(), TimeProvider.System.GetUtcNow()) { IsAnswered = true });

    private async Task CommitAsync(LeasedJob job, GoodRequest request)
    {
        var content = EmbeddingOutput.Create(request.Vectors.Count, request.Vectors[0].Length, promptTokens: 3, EmbeddingFormat.Float);
        for (var i = 0; i < request.Vectors.Count; i++) request.Vectors[i].CopyTo(EmbeddingOutput.MutableRow(content, i));
        Assert.True(
            await _sut.Store.CommitAsync(job, JobOutcome.Success(new JobOutput(EmbeddingOutput.ContentType, content), usage: null), Ct));
    }

    private async Task AssertFoundAsync(int lost = 0, int duplicated = 0, int stuck = 0, int wrong = 0)
    {
        await _redis.WriteFileAsync();
        var written = WrittenJobs.Read([_redis.Folder], [_sut.Queue]);
        new JobAudit(_run, written, Requests, resultTtl: TimeSpan.FromHours(24)).Check();

        var table = Table();
        Assert.Contains($"| lost | {lost} |", table, StringComparison.Ordinal);
        Assert.Contains($"| duplicated | {duplicated} |", table, StringComparison.Ordinal);
        Assert.Contains($"| stuck | {stuck} |", table, StringComparison.Ordinal);
        Assert.Contains($"| wrong | {wrong} |", table, StringComparison.Ordinal);
        Assert.Equal(lost + duplicated + stuck + wrong > 0, _run.HasProblems);
    }

    private string Table() => ChaosTable.Of(_run, TimeSpan.Zero);
}
