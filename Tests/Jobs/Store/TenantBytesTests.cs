using System.Globalization;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>The bytes of a tenant's jobs in Redis are counted and limited.</summary>
public sealed class TenantBytesTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static readonly string[] TenantNames = ["t-a", "t-b"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private enum Step
    {
        Submit,
        SubmitAgain,
        Lease,
        Succeed,
        FailForTheRequest,
        FailForTheModel,
        Release,
        GiveBack,
        Lose,
        Cancel,
        PassDeadline,
        Requeue,
        RequeueDead,
        Sweep,
    }

    [Fact]
    public Task AnyTransitions_CountedBytes_AreThoseThatLieInRedis() => Property.HoldsAsync(
        Gen.Elements(Enum.GetValues<Step>()).Zip(Gen.Choose(0, 1_000)), mostSteps: 40, cases: 40, async steps =>
        {
            await using var sut = StoreSut.On(
                redis, ("Jobs:MaxFailures", "2"), ("Jobs:MaxLostLeases", "2"), ("Jobs:RetryDelay", "00:00:00"));
            List<JobSubmission> jobs = [];
            List<LeasedJob> leased = [];
            foreach (var (step, number) in steps)
            {
                await DoAsync(sut, step, number, jobs, leased);
                foreach (var tenant in TenantNames) Assert.Equal(await LyingAsync(sut, jobs, tenant), await CountedAsync(sut, tenant));
            }
        });

    [Fact]
    public async Task ExpiredRecords_AfterTheirSlot_AreCountedNoMore()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:ResultTtl", "00:00:01"));
        await sut.CommitAsync(await sut.SubmitAndLeaseAsync(sut.Submission(new string('x', 1_000))));
        Assert.InRange(await CountedAsync(sut, Tenants.Anonymous), 50, 1_000);

        await Poll.UntilAsync(
            async () =>
            {
                await sut.SweepAsync();
                return await CountedAsync(sut, Tenants.Anonymous) == 0;
            },
            "expired bytes are forgotten");
        Assert.DoesNotContain(await sut.AllKeysAsync(), key => key.Contains(":bytes", StringComparison.Ordinal));
    }

    /// <summary>Records that somebody deleted by hand are counted until their deadline at the latest.</summary>
    [Fact]
    public async Task DeletedRecords_AfterTheirDeadline_AreCountedNoMore()
    {
        await using var sut = StoreSut.On(redis);
        var lost = await sut.SubmitAsync(sut.Submission(new string('x', 1_000), TimeSpan.FromSeconds(1)));
        var kept = await sut.SubmitAsync(sut.Submission(new string('x', 10)));
        await sut.Database.KeyDeleteAsync(sut.Key($"job:{lost.Key}"));

        await Poll.UntilAsync(
            async () =>
            {
                await sut.SweepAsync();
                return await CountedAsync(sut, Tenants.Anonymous) == await sut.Database.StringLengthAsync(sut.Key($"job:{kept.Key}"));
            },
            "lost bytes are forgotten");
    }

    [Fact]
    public async Task SubmitAsync_TenantHasItsBytes_IsRefusedUntilTheyAreGone()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:MaxBytesPerTenant", $"{1024 * 1024}"));
        var large = new string('x', 400_000);
        var first = await sut.SubmitAsync(sut.Submission(large));
        await sut.SubmitAsync(sut.Submission(large));

        var refused = await sut.Store.SubmitAsync(sut.Submission(large), Ct);
        var again = await sut.Store.SubmitAsync(sut.Submission(large) with { Id = first }, Ct);
        var other = await sut.Store.SubmitAsync(sut.Submission(large) with { Tenant = "other" }, Ct);
        var small = await sut.Store.SubmitAsync(sut.Submission("x"), Ct);
        // What ended because of its own body is not kept.
        await sut.Store.CommitAsync(await sut.LeaseOneAsync(), JobOutcome.Failure(InferenceError.Invalid("input", "No.")), Ct);
        var after = await sut.Store.SubmitAsync(sut.Submission(large), Ct);

        Assert.Equal(SubmitOutcome.TenantBytesFull, refused.Outcome);
        Assert.Equal(SubmitOutcome.AlreadyThere, again.Outcome);
        Assert.Equal(SubmitOutcome.Accepted, other.Outcome);
        Assert.Equal(SubmitOutcome.Accepted, small.Outcome);
        Assert.Equal(SubmitOutcome.Accepted, after.Outcome);
    }

    /// <summary>A small request with a large result reserves the result's bytes from the beginning.</summary>
    [Fact]
    public async Task SubmitAsync_ResultsAreExpected_CountBeforeTheyAreThere()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:MaxBytesPerTenant", $"{1024 * 1024}"));
        var wide = sut.Submission("x") with { ResultBytes = 900_000 };
        await sut.SubmitAsync(wide);

        var refused = await sut.Store.SubmitAsync(sut.Submission("x") with { ResultBytes = 900_000 }, Ct);
        await sut.CommitAsync(await sut.LeaseOneAsync());
        var after = await sut.Store.SubmitAsync(sut.Submission("x") with { ResultBytes = 900_000 }, Ct);

        Assert.Equal(SubmitOutcome.TenantBytesFull, refused.Outcome);
        Assert.Equal(SubmitOutcome.Accepted, after.Outcome);
    }

    /// <summary>A limit below one job's size would refuse it for ever.</summary>
    [Fact]
    public async Task SubmitAsync_OneJobAboveTheLimit_IsTaken()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:MaxBytesPerTenant", $"{1024 * 1024}"));

        await sut.SubmitAsync(sut.Submission(new string('x', 2_000_000)));
    }

    [Fact]
    public async Task CommitAsync_RequestIsWrong_DropsItsBodyAndIsNotRunAgain()
    {
        await using var sut = StoreSut.On(redis);
        var wrong = await sut.SubmitAndLeaseAsync(sut.Submission(new string('x', 100_000)));
        var unlucky = await sut.SubmitAndLeaseAsync(sut.Submission(new string('x', 100_000)));

        await sut.Store.CommitAsync(wrong, JobOutcome.Failure(InferenceError.Invalid("input", "No.")), Ct);
        await sut.Store.CommitAsync(unlucky, JobOutcome.Failure(StoreSut.Failed), Ct);

        Assert.InRange(await sut.Database.StringLengthAsync(sut.Key($"job:{wrong.Id.Key}")), 1, 1_000);
        Assert.Equal(RequeueOutcome.NotRequeueable, (await sut.Store.RequeueAsync(wrong.Id, Tenants.Anonymous, Ct)).Outcome);
        Assert.Equal(InferenceErrorKind.InvalidRequest, (await sut.ReadAsync(wrong.Id)).Error!.Kind);
        Assert.Equal(RequeueOutcome.Requeued, (await sut.Store.RequeueAsync(unlucky.Id, Tenants.Anonymous, Ct)).Outcome);
    }

    [Fact]
    public async Task SubmitAsync_Position_IsWhatReadingTells()
    {
        await using var sut = StoreSut.On(redis);
        await sut.SubmitAsync(Enumerable.Range(0, 5).Select(_ => sut.Submission() with { Tenant = "flood", Lane = Lane.Batch }));
        await sut.SubmitAsync(Enumerable.Range(0, 2).Select(_ => sut.Submission() with { Tenant = "flood" }));

        var mine = sut.Submission() with { Tenant = "mine" };
        var submitted = await sut.Store.SubmitAsync(mine, Ct);

        Assert.Equal(0, submitted.Position);
        Assert.Equal(submitted.Position, (await sut.ReadAsync(mine.Id)).Position);
    }

    private static async Task DoAsync(StoreSut sut, Step step, int number, List<JobSubmission> jobs, List<LeasedJob> leased)
    {
        var some = jobs.Count == 0 ? null : jobs[number % jobs.Count];
        var lease = leased.Count == 0 ? null : leased[number % leased.Count];
        switch (step)
        {
            case Step.Submit:
                var job = sut.Submission(new string('x', number)) with
                {
                    Tenant = TenantNames[number % 2],
                    ResultBytes = number % 3 == 0 ? number : 0,
                    Metadata = number % 5 == 0 ? "{}" : null,
                    Watcher = number % 7 == 0 ? "gateway-1" : null,
                };
                jobs.Add(job);
                await sut.SubmitAsync(job);
                break;
            case Step.SubmitAgain when some is not null: await sut.Store.SubmitAsync(some, Ct); break;
            case Step.Lease:
                leased.AddRange(
                    (await sut.Store.LeaseAsync(sut.Queue, StoreSut.Worker, 1 + (number % 3), 1_000_000, isIdle: true, Ct)).Jobs);
                break;
            case Step.Succeed when lease is not null: await sut.Store.CommitAsync(lease, StoreSut.Success, Ct); break;
            case Step.FailForTheRequest when lease is not null:
                await sut.Store.CommitAsync(lease, JobOutcome.Failure(InferenceError.Invalid("input", "No.")), Ct);
                break;
            case Step.FailForTheModel
                when lease is not null:
                await sut.Store.CommitAsync(lease, JobOutcome.Failure(StoreSut.Failed), Ct); break;
            case Step.Release when lease is not null: await sut.Store.ReleaseAsync(lease, StoreSut.Failed, Ct); break;
            case Step.GiveBack when lease is not null: await sut.Store.ReleaseAsync(lease, null, Ct); break;
            case Step.Lose when lease is not null:
                await sut.Database.SortedSetAddAsync(sut.Key("leases"), lease.Id.Key, 1, StackExchange.Redis.When.Exists);
                await sut.SweepAsync();
                break;
            case Step.Cancel when some is not null: await sut.Store.CancelAsync(some.Id, some.Tenant, Ct); break;
            case Step.PassDeadline when some is not null:
                await sut.Database.SortedSetAddAsync(sut.Key("deadlines"), some.Id.Key, 1, StackExchange.Redis.When.Exists);
                await sut.SweepAsync();
                break;
            case Step.Requeue when some is not null: await sut.Store.RequeueAsync(some.Id, some.Tenant, Ct); break;
            case Step.RequeueDead: await sut.Operations.RequeueDeadAsync(sut.Queue, Ct); break;
            case Step.Sweep: await sut.SweepAsync(); break;
        }
    }

    /// <summary>The bytes of a tenant's records, and what results of those that have not ended are expected to take.</summary>
    private static async Task<long> LyingAsync(StoreSut sut, List<JobSubmission> jobs, string tenant)
    {
        var sum = 0L;
        foreach (var job in jobs.Where(job => job.Tenant == tenant))
        {
            sum += await sut.Database.StringLengthAsync(sut.Key($"job:{job.Id.Key}"));
            if (!(await sut.StatusAsync(job.Id)).IsFinished) sum += job.ResultBytes;
        }

        return sum;
    }

    /// <summary>The sum, which must be that of the slots.</summary>
    private static async Task<long> CountedAsync(StoreSut sut, string tenant)
    {
        var fields = (await sut.Database.HashGetAllAsync(sut.Key($"bytes:{tenant}")))
            .ToDictionary(field => (string)field.Name!, field => long.Parse((string)field.Value!, CultureInfo.InvariantCulture));
        var sum = fields.GetValueOrDefault("");
        Assert.Equal(fields.Where(field => field.Key.Length > 0).Sum(field => field.Value), sum);
        Assert.All(fields.Where(field => field.Key.Length > 0), field => Assert.True(field.Value >= 0));
        return sum;
    }
}
