using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Providers;

namespace AiPlatform.Benchmarks.SlowModel;

/// <summary>A server that calls a slow model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Model">The slow model's name in a request.</param>
/// <param name="StartAsync">Starts it on a port, on its own core, and waits until it serves.</param>
internal sealed record SlowSystem(
    string Name, string Model, Func<MockProvider, RedisUnderTest, int, CancellationToken, Task<ChildProcess>> StartAsync)
{
    private const string Upstream = "mock-latency15000";
    private const string OurModel = "slow";

    public static SlowSystem AiPlatform { get; } = new("AiPlatform", OurModel, (provider, redis, port, cancellationToken) =>
        Product.StartGatewayAsync(
            redis, port, OurModel, ProxySystem.OwnCore,
            [
                ("Providers__mock__BaseUrl", provider.Address), ($"Models__{OurModel}__Provider", "mock"),
                ($"Models__{OurModel}__UpstreamModel", Upstream),
            ],
            cancellationToken));

    public static SlowSystem Waiting { get; } = Own("a server that waits asynchronously", PassThrough.Waits);

    public static SlowSystem Blocking { get; } = Own("a server that blocks a thread for each request", PassThrough.Blocks);

    private static SlowSystem Own(string name, string way) => new(name, Upstream, (provider, _, port, cancellationToken) =>
        PassThrough.StartAsync(way, port, provider, ProxySystem.OwnCore, cancellationToken));
}
