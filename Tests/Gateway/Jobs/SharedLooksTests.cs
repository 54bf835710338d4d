using System.Diagnostics.Metrics;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Jobs;

/// <summary>Followers of one job share the reads of Redis, however many followers there are.</summary>
public sealed class SharedLooksTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const int Followers = 40;

    [Fact]
    public async Task GetEvents_ManyFollowersOfAnIdleJob_ShareEveryLook()
    {
        await using var gateway = await GatewayHost.StartAsync(redis, "Jobs:PollInterval=00:00:00.200");
        using var looks = new CountedLooks(gateway);
        await using var readers = await FollowAsync(gateway, RedisServer.Unique("idle"));
        var begun = looks.Count;

        await Poll.UntilAsync(() => looks.Count >= begun + 5, "the job is looked at");

        // Each of them alone would have made five times forty.
        Assert.InRange(looks.Count, begun + 5, begun + (5 * Followers / 2));
    }

    [Fact]
    public async Task GetEvents_JobOfManyFollowersChanges_OneLookTellsAll()
    {
        await using var gateway = await GatewayHost.StartAsync(redis, "Jobs:PollInterval=00:01:00");
        using var looks = new CountedLooks(gateway);
        var model = RedisServer.Unique("changes");
        await using var worker = await FakeWorker.IdleAsync(gateway, model);
        await using var readers = await FollowAsync(gateway, model);
        var begun = looks.Count;

        var job = await worker.LeaseAsync();
        await worker.SayAsync(job, JobEvent.Progress, "1", "2");
        await worker.SucceedAsync(job);
        var seen = await Task.WhenAll(readers.All.Select(reader => reader.ReadToEndAsync()));

        Assert.All(seen, events => Assert.Equal(["status", "progress", "progress", "status", "done"], events.Select(one => one.Kind)));
        Assert.All(seen, events => Assert.Equal([2, 3, 4, 5, 6], events.Select(one => one.Id!.Value)));
        Assert.InRange(looks.Count, begun + 1, begun + 10);
    }

    private static async Task<Readers> FollowAsync(GatewayHost gateway, string model)
    {
        await gateway.ServeAsync(model);
        var id = await gateway.Client.SubmitForIdAsync(model);
        var readers = new Readers(
            await Task.WhenAll(Enumerable.Range(0, Followers).Select(_ => EventReader.OpenAsync(gateway.Client, id))));
        foreach (var reader in readers.All) Assert.Equal("status", (await reader.NextAsync())!.Kind);
        return readers;
    }

    private sealed class Readers(EventReader[] all) : IAsyncDisposable
    {
        public EventReader[] All => all;

        public async ValueTask DisposeAsync()
        {
            foreach (var reader in all) await reader.DisposeAsync();
        }
    }

    /// <summary>Counts the calls to Redis that read logs, of one Gateway.</summary>
    private sealed class CountedLooks : IDisposable
    {
        private readonly MeterListener _listener = new();
        private int _count;

        public CountedLooks(GatewayHost gateway)
        {
            var factory = gateway.Services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "aiplatform.redis.call_time" && ReferenceEquals(instrument.Meter.Scope, factory))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
            {
                foreach (var tag in tags)
                    if (tag.Value is "events" or "follow") Interlocked.Increment(ref _count);
            });
            _listener.Start();
        }

        public int Count => Volatile.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
