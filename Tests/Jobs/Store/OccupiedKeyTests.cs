using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>
/// A key of a queue holds another type: a call that needs the key fails before it writes anything, and works again when the key is
/// restored.
/// </summary>
public sealed class OccupiedKeyTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Leases =>
        new(from key in (string[])["leases", "deadlines", "state"]
            from work in (string[])["job", "late", "damaged", "lost", "retry"]
            select (key, work));

    [Theory]
    [MemberData(nameof(Leases))]
    public async Task LeaseAsync_KeyIsOccupied_WritesNothing(string key, string work)
    {
        await using var sut = StoreSut.On(redis, ("Jobs:RetryDelay", "00:10:00"));
        var other = await WaitAsync(sut, work);
        var next = await sut.SubmitAsync();

        await AssertWritesNothingAsync(sut, key, () => sut.LeaseAsync(10));

        var leased = await sut.LeaseAsync(10);
        Assert.Equal(other is null ? [next] : [other.Value, next], leased.Select(job => job.Id));
    }

    [Theory]
    [InlineData("leases", true)]
    [InlineData("leases", false)]
    [InlineData("deadlines", true)]
    [InlineData("deadlines", false)]
    [InlineData("state", true)]
    [InlineData("state", false)]
    public async Task CommitAsync_KeyIsOccupied_WritesNothing(string key, bool succeeds)
    {
        await using var sut = StoreSut.On(redis);
        var leased = await sut.SubmitAndLeaseAsync();
        var outcome = succeeds ? StoreSut.Success : JobOutcome.Failure(StoreSut.Failed);

        await AssertWritesNothingAsync(sut, key, () => sut.Store.CommitAsync(leased, outcome, Ct));

        Assert.True(await sut.Store.CommitAsync(leased, outcome, Ct));
        Assert.Equal(succeeds ? JobStatus.Succeeded : JobStatus.Failed, await sut.StatusAsync(leased.Id));
    }

    /// <summary>When one of several jobs of a call cannot be written, none of them may be written.</summary>
    [Theory]
    [InlineData("deadlines")]
    [InlineData("leases")]
    [InlineData("lane:d")]
    [InlineData("line:d:b")]
    [InlineData("line:i:b")]
    public async Task SubmitAsync_KeyIsOccupied_WritesNothing(string key)
    {
        await using var sut = StoreSut.On(redis);
        // The first job is sent alone, so it is stored already.
        var first = sut.Submission() with { Lane = Lane.Batch };
        await sut.SubmitAsync(first);
        JobSubmission[] jobs = [.. new[] { "a", "b" }.Select(tenant => sut.Submission() with { Tenant = tenant })];

        await AssertWritesNothingAsync(
            sut, key,
            async () =>
            {
                var refused = await sut.TogetherAsync(() => jobs.Prepend(first).Select(job => RefusalAsync(sut, job)));
                Assert.NotNull(refused[2]);
                throw refused[1]!;
            });

        await sut.SubmitAsync(jobs);
    }

    /// <summary>Redis would accept the job, but no worker could lease it.</summary>
    [Theory]
    [InlineData("delayed")]
    [InlineData("state")]
    public async Task SubmitAsync_SweepFailsOnAKey_IsRefusedUntilTheKeyIsFree(string key)
    {
        await using var sut = StoreSut.On(redis);
        await sut.Database.StringSetAsync(sut.Key(key), "something else");

        // The second sweep would be left to another process, which has just swept.
        foreach (var _ in (int[])[1, 2])
            await Assert.ThrowsAsync<QueueUnavailableException>(() => sut.Store.SweepAsync(sut.Queue, Ct));
        var refused = await Assert.ThrowsAsync<QueueUnavailableException>(() => sut.SubmitAsync());
        await sut.Database.KeyDeleteAsync(sut.Key(key));
        var id = await sut.SubmitAsync();

        Assert.Contains(sut.Key(key).ToString(), refused.Message, StringComparison.Ordinal);
        Assert.True(refused.IsPartial);
        Assert.Equal(id, Assert.Single(await sut.LeaseAsync(10)).Id);
    }

    private static async Task<QueueUnavailableException?> RefusalAsync(StoreSut sut, JobSubmission job)
    {
        try
        {
            await sut.Store.SubmitAsync(job, Ct);
            return null;
        }
        catch (QueueUnavailableException refused)
        {
            return refused;
        }
    }

    private static async Task<JobId?> WaitAsync(StoreSut sut, string work)
    {
        if (work == "job") return await sut.SubmitAsync();
        if (work == "retry")
        {
            var failed = await sut.SubmitAndLeaseAsync();
            await sut.Store.ReleaseAsync(failed, StoreSut.Failed, Ct);
            await sut.PassAsync("delayed", failed.Id);
            return failed.Id;
        }

        var id = await sut.SubmitAsync(sut.Submission(deadline: TimeSpan.FromMilliseconds(work == "late" ? 1 : 60_000)));
        if (work == "late") await sut.PassAsync(TimeSpan.FromMilliseconds(2));
        if (work == "damaged") await sut.Database.StringSetAsync(sut.Key($"job:{id.Key}"), "x");
        if (work == "lost") await sut.Database.KeyDeleteAsync(sut.Key($"job:{id.Key}"));
        return null;
    }

    private static async Task AssertWritesNothingAsync(StoreSut sut, string key, Func<Task> call)
    {
        var was = await sut.Database.KeyExistsAsync(sut.Key(key));
        if (was) await sut.Database.KeyRenameAsync(sut.Key(key), sut.Key("was"));
        await sut.Database.StringSetAsync(sut.Key(key), "something else");
        var before = await DumpAsync(sut);

        var refused = await Assert.ThrowsAsync<QueueUnavailableException>(call);

        Assert.True(refused.IsPartial, refused.Message);
        Assert.Equal(before, await DumpAsync(sut));
        await sut.Database.KeyDeleteAsync(sut.Key(key));
        if (was) await sut.Database.KeyRenameAsync(sut.Key("was"), sut.Key(key));
    }

    private static async Task<SortedDictionary<string, string>> DumpAsync(StoreSut sut)
    {
        var dumps = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var key in await sut.AllKeysAsync())
            dumps.Add(key, Convert.ToBase64String((await sut.Database.KeyDumpAsync(key))!));
        return dumps;
    }
}
