using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Catalog;

/// <summary>How long workers and their models are known.</summary>
public sealed class WorkerCatalogTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadAsync_ModelsWithoutAWorker_AreKnownForSevenDays()
    {
        await using var sut = JobStoreHost.On(redis.Connection);
        await BeatAsync(sut, "kept", "forgotten");
        await sut.Catalog.LeaveAsync("worker-1", Ct);
        await AgeAsync("kept", TimeSpan.FromDays(7) - TimeSpan.FromMinutes(5));
        await AgeAsync("forgotten", TimeSpan.FromDays(7) + TimeSpan.FromMinutes(5));

        // Heartbeats tidy up.
        await BeatAsync(sut, "served");
        var read = await sut.Catalog.ReadAsync(Ct);

        Assert.Equal(["kept", "served"], read.Models.Select(model => model.Name));
        Assert.Equal(["served"], Assert.Single(read.Workers).Models.Select(model => model.Model));
    }

    /// <summary>Lets it be this long ago that a heartbeat named a model.</summary>
    private Task<double> AgeAsync(string model, TimeSpan age) =>
        redis.Connection.GetDatabase().SortedSetDecrementAsync($"{RedisKeys.WorkersBase}models_seen", model, age.TotalMilliseconds);

    private static Task BeatAsync(JobStoreHost sut, params string[] models) => sut.Catalog.BeatAsync(
        new WorkerHeartbeat
        {
            Worker = "worker-1",
            Host = "test",
            ProcessId = 1,
            Device = "cpu",
            StartedAt = DateTimeOffset.UnixEpoch,
            Models = [.. models.Select(model => new ModelLoad(model, 0, 8))],
        },
        [
            .. models.Select(model => new ModelDescriptor
            {
                Name = model, Task = "embedding", MaxTokens = 256, Dimensions = 4, Created = 1_700_000_000, OwnedBy = "tests",
            }),
        ],
        Ct);
}
