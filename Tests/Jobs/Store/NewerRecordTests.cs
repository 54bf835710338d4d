using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>Jobs in the form of a newer version are left to its processes, and nothing of them is lost.</summary>
public sealed class NewerRecordTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lease_NewerJobsInTheLine_LeavesThemAndGivesTheOthers()
    {
        await using var sut = StoreSut.On(redis);
        var ids = await sut.SubmitAsync(Enumerable.Range(0, 6).Select(_ => sut.Submission()));
        var newer = ids.Where((_, i) => i % 2 == 0).ToList();
        foreach (var id in newer) await RenewFormAsync(sut, id);

        var leased = await sut.Store.LeaseAsync(sut.Queue, StoreSut.Worker, 10, 1_000_000, isIdle: false, Ct);
        var state = await sut.Operations.ReadAsync(sut.Queue, Ct);
        foreach (var id in newer) await OldFormAsync(sut, id);
        var later = await sut.LeaseAsync(10);

        Assert.Equal(ids.Except(newer), leased.Jobs.Select(job => job.Id));
        Assert.Equal((3, 3, 3), (leased.Newer, state.Depth, state.Running));
        Assert.Equal(newer, later.Select(job => job.Id));
    }

    [Fact]
    public async Task AnyCall_NewerJob_SaysWhy()
    {
        await using var sut = StoreSut.On(redis);
        var (newer, known) = (await sut.SubmitAsync(), await sut.SubmitAsync());
        await RenewFormAsync(sut, newer);

        Func<Task>[] calls =
        [
            () => sut.Store.ReadAsync(newer, null, true, Ct), () =>
                sut.Store.ReadLogAsync(newer, 0, null, Ct), () => sut.Store.CancelAsync(newer, Tenants.Anonymous, Ct),
            () => sut.Store.RequeueAsync(newer, Tenants.Anonymous, Ct), () =>
                sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, null, null, 10, Ct),
            () => sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, JobStatus.Failed, null, 10, Ct),
        ];
        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<QueueUnavailableException>(call);
            Assert.Contains("stored by a newer version", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(JobStatus.Queued, await sut.StatusAsync(known));
    }

    /// <summary>Other reads in the same call are answered.</summary>
    [Fact]
    public async Task Read_TogetherWithANewerJob_IsAnswered()
    {
        await using var sut = StoreSut.On(redis);
        var ids = await sut.SubmitAsync(Enumerable.Range(0, 8).Select(_ => sut.Submission()));
        await RenewFormAsync(sut, ids[4]);

        var reading = ids.Select(id => sut.Store.ReadAsync(id, null, true, Ct)).ToList();
        await Task.WhenAll(reading).ContinueWith(_ => { }, TaskScheduler.Default);

        Assert.Equal([4], reading.Select((read, i) => (read, i)).Where(one => one.read.IsFaulted).Select(one => one.i));
    }

    [Fact]
    public async Task Sweep_NewerJobsAreDue_LeavesThemAsTheyAre()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:RetryDelay", "00:10:00"));
        var delayed = await sut.SubmitAndLeaseAsync();
        await sut.Store.ReleaseAsync(delayed, StoreSut.Failed, Ct);
        var running = await sut.SubmitAndLeaseAsync();
        var late = await sut.SubmitAsync();
        JobId[] ids = [delayed.Id, running.Id, late];
        foreach (var id in ids) await RenewFormAsync(sut, id);
        var before = await Task.WhenAll(ids.Select(async id => (string?)await sut.Database.StringGetAsync(sut.Key($"job:{id.Key}"))));

        await sut.PassAsync("delayed", delayed.Id);
        await sut.PassAsync("leases", running.Id);
        await sut.PassAsync("deadlines", late);
        var swept = await sut.SweepAsync();
        var after = await Task.WhenAll(ids.Select(async id => (string?)await sut.Database.StringGetAsync(sut.Key($"job:{id.Key}"))));
        foreach (var id in ids) await OldFormAsync(sut, id);

        Assert.Equal((0, 0, 0), (swept.Requeued, swept.Failed, swept.Expired));
        Assert.Equal(before, after);
        foreach (var (index, id) in ((string, JobId)[])[("delayed", delayed.Id), ("leases", running.Id), ("deadlines", late)])
            await sut.PassAsync(index, id);
        var known = await sut.SweepAsync();
        Assert.Equal((1, 1, 1), (known.Requeued, known.Expired, known.RetriesDue));
    }

    [Fact]
    public async Task RequeueDead_NewerDeadLetters_EndsAndLeavesThem()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:MaxFailures", "1"));
        for (var i = 0; i < 3; i++) await RenewFormAsync(sut, await sut.KillAsync());
        var known = await sut.KillAsync();

        Assert.Equal(1, await sut.Operations.RequeueDeadAsync(sut.Queue, Ct));
        Assert.Equal(JobStatus.Queued, await sut.StatusAsync(known));
        Assert.Equal(3, (await sut.Operations.ReadAsync(sut.Queue, Ct)).Dead);
    }

    [Fact]
    public async Task Worker_NewerJobsWait_GoesOnWithTheOthers()
    {
        var queue = QueueName.ForModel(RedisServer.Unique("q"));
        await using var store = StoreSut.Of(redis, queue);
        var newer = await store.SubmitAsync();
        await RenewFormAsync(store, newer);
        await using var sut = await LeasingHost.StartAsync(redis.ConnectionString, queue, (_, _) => Task.FromResult(StoreSut.Success));

        var known = await store.SubmitAsync();

        await Poll.UntilAsync(async () => await store.StatusAsync(known) == JobStatus.Succeeded, "the other job ends");
        Assert.Equal(Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy, await sut.LivenessAsync());
        await OldFormAsync(store, newer);
        await store.SubmitAsync();
        await Poll.UntilAsync(async () => await store.StatusAsync(newer) == JobStatus.Succeeded, "the newer job ends where it is known");
    }

    [Fact]
    public async Task Gateway_AskedForANewerJob_Answers503AndServesOn()
    {
        await using var gateway = await GatewayHost.StartAsync(redis);
        var model = RedisServer.Unique("newer");
        await using var worker = await FakeWorker.IdleAsync(gateway, model);
        var id = await gateway.Client.SubmitForIdAsync(model);
        await using var store = StoreSut.Of(redis, QueueName.ForModel(model));
        Assert.True(JobId.TryParse(id, out var jobId));
        await RenewFormAsync(store, jobId);

        using var reply = await gateway.Client.GetAsync($"/v1/jobs/{id}", Ct);
        using var alive = await gateway.Client.GetAsync("/alive", Ct);

        Assert.Equal((503, 200), ((int)reply.StatusCode, (int)alive.StatusCode));
        Assert.Contains("stored by a newer version", await reply.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.NotNull(reply.Headers.RetryAfter);
    }

    /// <summary>Changes a record into an unknown form, with another number and other fields.</summary>
    private static async Task RenewFormAsync(StoreSut sut, JobId id)
    {
        var key = sut.Key($"job:{id.Key}");
        await sut.Database.StringSetAsync(key, $"2;another form;{(string?)await sut.Database.StringGetAsync(key)}");
    }

    private static async Task OldFormAsync(StoreSut sut, JobId id)
    {
        var key = sut.Key($"job:{id.Key}");
        await sut.Database.StringSetAsync(key, ((string)(await sut.Database.StringGetAsync(key))!)["2;another form;".Length..]);
    }
}
