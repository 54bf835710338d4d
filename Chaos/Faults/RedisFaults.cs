using System.Globalization;
using AiPlatform.Chaos.Processes;
using AiPlatform.Chaos.Promises;

namespace AiPlatform.Chaos.Faults;

/// <summary>Faults of Redis; each method returns when Redis serves again.</summary>
internal sealed class RedisFaults(FaultRun run, IRedisSetup redis, FalseClock? clock)
{
    private static readonly TimeSpan ClockStep = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private TimeSpan _clockOffset;

    public Task SufferAsync(Fault fault) => fault.Kind switch
    {
        FaultKind.KillRedis => KillAsync(VictimOf(fault), fault.Downtime),
        FaultKind.KillRedisAndLoseWrites => KillAndLoseWritesAsync(VictimOf(fault), fault),
        FaultKind.MakeRedisReplica => MakeReplicaAsync(fault.Downtime),
        FaultKind.FillRedis => FillAsync(fault.Downtime),
        FaultKind.ForgetScripts => ForgetScriptsAsync(),
        FaultKind.HoldScript => HoldScriptAsync(fault.Downtime),
        FaultKind.FailOver => FailOverAsync(fault.Downtime),
        FaultKind.SwapPair => SwapAsync(),
        FaultKind.StepClock => StepClockAsync(fault),
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "is not done to Redis."),
    };

    private static Task PauseAsync(TimeSpan downtime) => Task.Delay(downtime, TimeProvider.System);

    private RedisProcess VictimOf(Fault fault) => redis.Primaries[fault.Victim % redis.Primaries.Count];

    private RedisPair Pair() => redis as RedisPair ?? throw new InvalidOperationException("This Redis has no replica.");

    private async Task KillAsync(RedisProcess server, TimeSpan downtime)
    {
        run.Note($"Redis is killed, for {downtime.TotalSeconds:0.0} s");
        await server.KillAsync();
        await PauseAsync(downtime);
        await server.StartAsync();
        run.Note("Redis serves again");
    }

    private async Task KillAndLoseWritesAsync(RedisProcess server, Fault fault)
    {
        var from = TimeProvider.System.GetUtcNow();
        var file = new FileInfo(AppendOnlyFile.PathIn(server.Folder));
        var safe = file.Length;
        await PauseAsync(TimeSpan.FromSeconds(1));
        await server.KillAsync();
        file.Refresh();
        var written = file.Length;
        var kept = new SeededNumbers((int)fault.Downtime.Ticks).Between(safe, written);
        using (var stream = file.Open(FileMode.Open, FileAccess.Write)) stream.SetLength(kept);
        run.Note($"Redis is killed, for {fault.Downtime.TotalSeconds:0.0} s; it loses {written - kept} of the {written - safe} bytes of "
            + $"the last second");
        await PauseAsync(fault.Downtime);
        await server.StartAsync();
        run.Losses.Enqueue((from, TimeProvider.System.GetUtcNow()));
        run.Note("Redis serves again");
    }

    /// <summary>Makes Redis a read-only replica for a while. It keeps its data, because its primary never answers.</summary>
    private async Task MakeReplicaAsync(TimeSpan downtime)
    {
        run.Note($"Redis is a replica, for {downtime.TotalSeconds:0.0} s");
        await TellAllAsync("REPLICAOF", "127.0.0.1", FreePort.Next().ToString(CultureInfo.InvariantCulture));
        await PauseAsync(downtime);
        await TellAllAsync("REPLICAOF", "NO", "ONE");
        run.Note("Redis is a primary again");
    }

    private async Task FillAsync(TimeSpan downtime)
    {
        run.Note($"Redis is full, for {downtime.TotalSeconds:0.0} s");
        await TellAllAsync("CONFIG", "SET", "maxmemory", "1");
        await PauseAsync(downtime);
        await TellAllAsync("CONFIG", "SET", "maxmemory", "0");
        run.Note("Redis has room again");
    }

    private Task ForgetScriptsAsync()
    {
        run.Note("Redis forgets its scripts");
        return TellAllAsync("SCRIPT", "FLUSH", "SYNC");
    }

    private async Task HoldScriptAsync(TimeSpan downtime)
    {
        run.Note($"Redis is busy with a script that does not end, for {downtime.TotalSeconds:0.0} s");
        var server = redis.Primaries[0];
        var endless = server.TellAsync("EVAL", "while true do end", "0");
        await PauseAsync(downtime);
        await Waiting.UntilAsync(
            async () => endless.IsCompleted || await server.TellAsync("SCRIPT", "KILL") == "OK",
            () => "the script is killed",
            Bound,
            CancellationToken.None);
        await endless;
        run.Note("Redis has killed the script");
    }

    private async Task FailOverAsync(TimeSpan downtime)
    {
        run.Note($"The primary of Redis is killed, for {downtime.TotalSeconds:0.0} s");
        await Pair().FailOverAsync();
        run.Note("Its replica is the primary");
        await PauseAsync(downtime);
        await Pair().StartAgainAsync();
        run.Note("It is back as the replica");
    }

    private async Task SwapAsync()
    {
        run.Note("Primary and replica of Redis change places");
        await Pair().SwapAsync();
        run.Note("They have");
    }

    private Task StepClockAsync(Fault fault)
    {
        if (clock is null) throw new InvalidOperationException("This Redis has a machine's clock.");
        _clockOffset = _clockOffset != TimeSpan.Zero ? TimeSpan.Zero : fault.Victim == 0 ? ClockStep : -ClockStep;
        run.Note($"Redis' clock is set to {_clockOffset.TotalMinutes:+0;-0;0} minutes");
        clock.Step(_clockOffset);
        return Task.CompletedTask;
    }

    private async Task TellAllAsync(params string[] command)
    {
        foreach (var server in redis.Primaries)
        {
            var reply = await server.TellAsync(command);
            if (reply.StartsWith('-')) throw new InvalidOperationException($"{string.Join(' ', command)}: {reply}");
        }
    }
}
