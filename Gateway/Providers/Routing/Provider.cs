using AiPlatform.Gateway.Providers.Configuration;
using OpenAI;
using Polly;
using Polly.CircuitBreaker;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>A provider as this process knows it: the SDK's client, the circuit breaker and the count of calls in flight.</summary>
internal sealed class Provider
{
    private readonly CircuitBreakerStateProvider _state = new();
    private int _underWay;

    public Provider(string name, ProviderOptions options, TimeProvider time)
    {
        Name = name;
        Options = options;
        Secret = new ProviderSecret(options.ApiKey);
        Client = ProviderClient.Make(options);
        Breaker = new ResiliencePipelineBuilder<bool> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<bool>
            {
                FailureRatio = options.BreakerFailureRatio,
                MinimumThroughput = options.BreakerAttempts,
                SamplingDuration = options.BreakerWindow,
                BreakDuration = options.BreakerPause,
                StateProvider = _state,
                ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Result),
            })
            .Build();
    }

    public string Name { get; }

    public ProviderOptions Options { get; }

    public ProviderSecret Secret { get; }

    public OpenAIClient Client { get; }

    /// <summary>The circuit breaker, which each attempt goes through. Its result is whether the provider is to blame.</summary>
    public ResiliencePipeline<bool> Breaker { get; }

    /// <summary>Whether it failed so often that it is not asked for now.</summary>
    public bool IsLeftAlone => _state.CircuitState == CircuitState.Open;

    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>Takes a slot for one more call; null when the provider has as many calls in flight as it may have.</summary>
    public ProviderSlot? TryEnter()
    {
        if (Interlocked.Increment(ref _underWay) <= Options.MaxConcurrentCalls) return new ProviderSlot(this);
        Leave();
        return null;
    }

    /// <summary>For <see cref="ProviderSlot"/> alone.</summary>
    internal void Leave() => Interlocked.Decrement(ref _underWay);
}

/// <summary>
/// The slot of one of the calls that a provider may have in flight. Disposing gives it back; disposing again does nothing.
/// </summary>
internal sealed class ProviderSlot(Provider provider) : IDisposable
{
    private Provider? _provider = provider;

    public void Dispose() => Interlocked.Exchange(ref _provider, null)?.Leave();
}

/// <summary>A result whose call goes on beyond the attempt that it came of, as a stream's does: the slot is its own from then on.</summary>
internal interface IKeepsSlot
{
    /// <summary>Called once, when the attempt has succeeded. Disposing the result gives the slot back.</summary>
    void Keep(ProviderSlot slot);
}
