using AiPlatform.Gateway.Providers.Configuration;
using OpenAI;
using Polly;
using Polly.CircuitBreaker;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>A provider in this process: the SDK's client, the circuit breaker and the count of calls in flight.</summary>
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

    /// <summary>The circuit breaker of all attempts. Its result is whether the provider was at fault.</summary>
    public ResiliencePipeline<bool> Breaker { get; }

    /// <summary>Whether the circuit breaker is open, so that the provider gets no calls.</summary>
    public bool IsLeftAlone => _state.CircuitState == CircuitState.Open;

    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>Takes a slot for one more call; null when the provider is at its limit of calls in flight.</summary>
    public ProviderSlot? TryEnter()
    {
        if (Interlocked.Increment(ref _underWay) <= Options.MaxConcurrentCalls) return new ProviderSlot(this);
        Leave();
        return null;
    }

    /// <summary>Gives a slot back; only <see cref="ProviderSlot"/> may call it.</summary>
    internal void Leave() => Interlocked.Decrement(ref _underWay);
}

/// <summary>The slot of a provider's call in flight. Disposing gives it back; disposing again does nothing.</summary>
internal sealed class ProviderSlot(Provider provider) : IDisposable
{
    private Provider? _provider = provider;

    public void Dispose() => Interlocked.Exchange(ref _provider, null)?.Leave();
}

/// <summary>A result whose call continues after its attempt, such as a stream. It owns the slot from then on.</summary>
internal interface IKeepsSlot
{
    /// <summary>Called once, when the attempt has succeeded. Disposing the result gives the slot back.</summary>
    void Keep(ProviderSlot slot);
}
