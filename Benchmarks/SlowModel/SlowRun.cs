using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Providers;

namespace AiPlatform.Benchmarks.SlowModel;

/// <summary>One run: the same users call each server in turn.</summary>
internal sealed record SlowRun(SlowMeasurement Ours, SlowMeasurement Waits, SlowMeasurement Blocks)
{
    public const int Users = 100;

    /// <summary>How long the model takes.</summary>
    public static readonly TimeSpan Latency = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    public static async Task<SlowRun> MeasureAsync(CancellationToken cancellationToken) => new(
        await MeasureAsync(SlowSystem.AiPlatform, cancellationToken),
        await MeasureAsync(SlowSystem.Waiting, cancellationToken),
        await MeasureAsync(SlowSystem.Blocking, cancellationToken));

    private static async Task<SlowMeasurement> MeasureAsync(SlowSystem system, CancellationToken cancellationToken)
    {
        await using var redis = await RedisUnderTest.StartAsync(ProxySystem.OtherCore, cancellationToken);
        await using var provider = await MockProvider.StartAsync(ProxySystem.OtherCore, cancellationToken);
        var port = FreePort.Next();
        await using var server = await system.StartAsync(provider, redis, port, cancellationToken);
        await using var health = new HealthProbe(port);
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var asking = LoadGenerator.PostAsync(
            new Load(port, "/v1/chat/completions", Users, Users) { Limit = Limit, Launcher = ProxySystem.OtherCore },
            ChatKind.BodyFor(system.Model, streams: false), streams: false, ChatKind.Whole.Expected, cancellationToken);
        var threads = 0;
        while (!asking.IsCompleted)
        {
            threads = Math.Max(threads, server.Threads);
            await Task.WhenAny(asking, Task.Delay(Look, TimeProvider.System, cancellationToken));
        }

        var load = await asking;
        var everybody = time.GetElapsedTime(start);
        return new SlowMeasurement
        {
            Everybody = everybody,
            Lost = load.Lost,
            Threads = threads,
            Health = await health.StopAsync(),
        };
    }
}
