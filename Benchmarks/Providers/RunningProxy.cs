using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Providers;

/// <summary>A system under test with its provider and an empty Redis, all newly started.</summary>
internal sealed class RunningProxy : IAsyncDisposable
{
    private readonly ProxySystem _system;
    private readonly RedisUnderTest _redis;

    private RunningProxy(ProxySystem system, RedisUnderTest redis, MockProvider provider, ChildProcess process, int port)
    {
        (_system, _redis) = (system, redis);
        (Provider, Process, Port) = (provider, process, port);
    }

    public MockProvider Provider { get; }

    /// <summary>The measured process; the provider itself if there is no proxy.</summary>
    public ChildProcess Process { get; }

    public int Port { get; }

    public static async Task<RunningProxy> StartAsync(ProxySystem system, CancellationToken cancellationToken)
    {
        var redis = await RedisUnderTest.StartAsync(ProxySystem.OtherCore, cancellationToken);
        MockProvider? provider = null;
        try
        {
            provider = await system.StartProviderAsync(ProxySystem.OtherCore, cancellationToken);
            if (system.StartAsync is null) return new RunningProxy(system, redis, provider, provider.Process, provider.Port);

            var port = FreePort.Next();
            return new RunningProxy(system, redis, provider, await system.StartAsync(provider, redis, port, cancellationToken), port);
        }
        catch
        {
            if (provider is not null) await provider.DisposeAsync();
            await redis.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a load. Connections are opened over the time of <paramref name="ramp"/>.</summary>
    public async Task<LoadMeasurement> LoadAsync(
        ChatKind kind, int connections, int operations, TimeSpan limit, TimeSpan ramp, CancellationToken cancellationToken)
    {
        ChildProcess[] own = Process == Provider.Process ? [Process, _redis.Process] : [Process, Provider.Process, _redis.Process];
        var machine = new MachineLoad(own);
        var cpu = Process.CpuTime;
        var load = new Load(Port, "/v1/chat/completions", connections, operations)
        {
            Limit = limit,
            Ramp = ramp,
            Headers = _system.HeadersFor(Provider),
            Launcher = ProxySystem.OtherCore,
        };
        var result = await LoadGenerator.PostAsync(
            load, ChatKind.BodyFor(_system.ModelFor(kind), kind.Streams), kind.Streams, kind.Expected, cancellationToken);
        return new LoadMeasurement
        {
            Load = result,
            CpuMicroseconds = (Process.CpuTime - cpu).TotalMicroseconds / Math.Max(1, result.Ok),
            OtherCores = machine.OtherCores(result.GeneratorSeconds),
        };
    }

    /// <summary>Runs a load for a time, of which no request may fail.</summary>
    public async Task<LoadMeasurement> SteadyLoadAsync(
        ChatKind kind, int connections, TimeSpan time, CancellationToken cancellationToken)
    {
        var measured = await LoadAsync(kind, connections, Load.Unbounded, time, TimeSpan.Zero, cancellationToken);
        measured.Load.WithoutErrors();
        return measured;
    }

    public async ValueTask DisposeAsync()
    {
        if (Process != Provider.Process) await Process.DisposeAsync();
        await Provider.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
