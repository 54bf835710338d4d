using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class ListTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ListAsync_ManyPages_NewestFirstEachOnce()
    {
        await using var sut = CreateSut();
        var jobs = await SubmitAsync(sut, 250);

        List<Job> listed = [];
        List<int> pages = [];
        do
        {
            var page = await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, null, listed.LastOrDefault()?.Id.Key, 60, Ct);
            listed.AddRange(page);
            pages.Add(page.Count);
        }
        while (pages[^1] > 0);

        Assert.Equal([60, 60, 60, 60, 10, 0], pages);
        Assert.Equal(jobs.Reverse(), listed.Select(job => job.Id));
        Assert.All(listed, job => Assert.Equal(JobStatus.Queued, job.Status));
    }

    [Fact]
    public async Task ListAsync_Status_GivesThoseOnly()
    {
        await using var sut = CreateSut();
        var jobs = await SubmitAsync(sut, 6);
        var leased = await sut.LeaseAsync(4);
        await sut.CommitAsync(leased[0]);
        await sut.Store.CommitAsync(leased[1], JobOutcome.Failure(StoreSut.Failed), Ct);
        await sut.PassAsync("deadlines", leased[2].Id);
        await sut.SweepAsync();
        await sut.Store.CancelAsync(jobs[5], Tenants.Anonymous, Ct);

        JobStatus[] expected =
            [JobStatus.Succeeded, JobStatus.Failed, JobStatus.Expired, JobStatus.Running, JobStatus.Queued, JobStatus.Canceled];
        for (var i = 0; i < 6; i++)
        {
            var job = Assert.Single(await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, expected[i], null, 10, Ct));
            Assert.Equal((jobs[i], expected[i]), (job.Id, job.Status));
            Assert.Null(job.Output);
        }
    }

    [Fact]
    public async Task ListAsync_LeasedOnceAndWaitsAgain_IsQueued()
    {
        await using var sut = CreateSut();
        var job = await sut.SubmitAndLeaseAsync();
        await sut.Store.ReleaseAsync(job, null, Ct);

        var queued = await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, JobStatus.Queued, null, 10, Ct);

        Assert.Equal((job.Id, 1), (Assert.Single(queued).Id, queued[0].Attempts));
        Assert.Empty(await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, JobStatus.Running, null, 10, Ct));
    }

    [Fact]
    public async Task ListAsync_StatusOfFewAmongThousands_FindsThem()
    {
        await using var sut = CreateSut();
        var jobs = await SubmitAsync(sut, 3_500);
        foreach (var i in new[] { 0, 1_700, 3_499 }) await sut.Store.CancelAsync(jobs[i], Tenants.Anonymous, Ct);

        var canceled = await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, JobStatus.Canceled, null, 10, Ct);
        var two = await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, JobStatus.Canceled, null, 2, Ct);
        var last = await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, JobStatus.Canceled, two[1].Id.Key, 2, Ct);
        var none = await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, JobStatus.Expired, null, 10, Ct);

        Assert.Equal([jobs[3_499], jobs[1_700], jobs[0]], canceled.Select(job => job.Id));
        Assert.Equal([jobs[3_499], jobs[1_700]], two.Select(job => job.Id));
        Assert.Equal([jobs[0]], last.Select(job => job.Id));
        Assert.Empty(none);
    }

    [Fact]
    public async Task ListAsync_FitsAreFarApart_StopsAndSaysWhereToGoOn()
    {
        await using var sut = CreateSut();
        var oldest = await sut.SubmitAsync(sut.Submission() with { Id = JobId.New(sut.Queue, Start.AddMilliseconds(-1)) });
        // Expired ids count as read, too.
        for (var i = 0; i < 12; i++)
        {
            await sut.Database.SortedSetAddAsync(
                sut.Key($"jobs:{Tenants.Anonymous}"),
                [.. Enumerable.Range(0, 1_000).Select(j => new StackExchange.Redis.SortedSetEntry(
                    JobId.New(sut.Queue, Start.AddMilliseconds((1_000 * i) + j)).Key, 0))]);
        }

        var first = await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, JobStatus.Queued, null, 10, Ct);
        var second = await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, JobStatus.Queued, first.LookedTo, 10, Ct);

        Assert.Empty(first);
        Assert.NotNull(first.LookedTo);
        Assert.Equal(oldest, Assert.Single(second).Id);
        Assert.Null(second.LookedTo);
    }

    [Fact]
    public async Task ListAsync_BehindAJobOfAnotherQueue_GoesOnByTime()
    {
        await using var sut = CreateSut();
        var jobs = await SubmitAsync(sut, 10);
        var gap = JobId.New(QueueName.ForModel("other"), Start.AddMilliseconds(10));
        await sut.SubmitAsync(sut.Submission() with { Id = JobId.New(sut.Queue, Start.AddMilliseconds(11)) });

        var listed = await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, null, gap.Key, 3, Ct);

        Assert.Equal([jobs[9], jobs[8], jobs[7]], listed.Select(job => job.Id));
    }

    [Fact]
    public async Task ListAsync_AnotherTenantsJobs_AreInvisible()
    {
        await using var sut = CreateSut();
        var mine = sut.Submission() with { Tenant = "team-a" };
        await sut.SubmitAsync(mine);
        await sut.SubmitAsync(sut.Submission() with { Tenant = "team-ab" });

        Assert.Equal(mine.Id, Assert.Single(await sut.Store.ListAsync(sut.Queue, "team-a", null, null, 10, Ct)).Id);
        Assert.Empty(await sut.Store.ListAsync(sut.Queue, "team", null, null, 10, Ct));
    }

    [Fact]
    public async Task ListAsync_ExpiredJobs_AreNotListed()
    {
        await using var sut = CreateSut();
        var jobs = await SubmitAsync(sut, 5);
        await ForgetAsync(sut, jobs[1], jobs[4]);

        var listed = await sut.Store.ListAsync(sut.Queue, Tenants.Anonymous, null, null, 3, Ct);

        Assert.Equal([jobs[3], jobs[2], jobs[0]], listed.Select(job => job.Id));
    }

    [Fact]
    public async Task SubmitAsync_OldestOfTheListHaveExpired_TheyAreForgotten()
    {
        await using var sut = CreateSut();
        var jobs = await SubmitAsync(sut, 10);
        await ForgetAsync(sut, [.. jobs.Take(8)]);

        for (var i = 0; i < 3; i++) await sut.SubmitAsync(sut.Submission() with { Id = JobId.New(sut.Queue, Start.AddHours(1)) });
        Assert.Equal(7, await ListedAsync(sut));
        for (var i = 0; i < 3; i++) await sut.SubmitAsync(sut.Submission() with { Id = JobId.New(sut.Queue, Start.AddHours(1)) });

        Assert.Equal(8, await ListedAsync(sut));
    }

    [Fact]
    public async Task SweepAsync_SomeOfTheListHaveExpired_TheyAreForgotten()
    {
        await using var sut = CreateSut();
        var jobs = await SubmitAsync(sut, 600);
        await ForgetAsync(sut, [.. jobs.Where((_, i) => i % 3 > 0)]);

        await Poll.UntilAsync(
            async () =>
            {
                await sut.SweepAsync();
                return await ListedAsync(sut) == 200;
            },
            "sweeps forget what has expired");

        await ForgetAsync(sut, [.. jobs]);
        for (var i = 0; i < 2; i++) await sut.SweepAsync();
        Assert.DoesNotContain(await sut.AllKeysAsync(), key => key.Contains(":jobs:", StringComparison.Ordinal));
        Assert.DoesNotContain((string)sut.Key("tenants")!, await sut.AllKeysAsync());
    }

    /// <summary>Jobs whose ids are one millisecond apart.</summary>
    private static Task<IReadOnlyList<JobId>> SubmitAsync(StoreSut sut, int count) =>
        sut.SubmitAsync(
            Enumerable.Range(0, count).Select(i => sut.Submission() with { Id = JobId.New(sut.Queue, Start.AddMilliseconds(i)) }));

    /// <summary>Deletes the jobs, as their expiry does.</summary>
    private static async Task ForgetAsync(StoreSut sut, params JobId[] jobs)
    {
        foreach (var job in jobs) await sut.Database.KeyDeleteAsync(sut.Key($"job:{job.Key}"));
    }

    private static Task<long> ListedAsync(StoreSut sut) => sut.Database.SortedSetLengthAsync(sut.Key($"jobs:{Tenants.Anonymous}"));

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
