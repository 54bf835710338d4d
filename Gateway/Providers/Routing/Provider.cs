using System.Runtime.CompilerServices;
using AiPlatform.Gateway.Providers.Configuration;
using OpenAI;
using Polly;
using Polly.CircuitBreaker;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>A provider in this process: the SDK's client, the circuit breaker and the count of calls in flight.</summary>
internal sealed class Provider
{
    /// <summary>Most failures that are kept.</summary>
    private const int MostFailures = 10;

    private readonly CircuitBreakerStateProvider _state = new();
    private readonly Lock _gate = new();
    private readonly Queue<ProviderFailure> _failures = new(MostFailures);
    private readonly ConditionalWeakTable<Exception, object?> _lostConnections = [];
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

    public CircuitState BreakerState => _state.CircuitState;

    /// <summary>Whether the circuit breaker is open, so that the provider gets no calls.</summary>
    public bool IsLeftAlone => BreakerState == CircuitState.Open;

    /// <summary>The last failed attempts, the newest first.</summary>
    public IReadOnlyList<ProviderFailure> LastFailures
    {
        get
        {
            lock (_gate) return [.. _failures.Reverse()];
        }
    }

    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>Takes a slot for one more call; null when the provider is at its limit of calls in flight.</summary>
    public ProviderSlot? TryEnter()
    {
        if (Interlocked.Increment(ref _underWay) <= Options.MaxConcurrentCalls) return new ProviderSlot(this);
        Leave();
        return null;
    }

    /// <summary>Remembers a failed attempt, and forgets the oldest of too many.</summary>
    public void Failed(ProviderFailure failure)
    {
        lock (_gate)
        {
            if (_failures.Count == MostFailures) _failures.Dequeue();
            _failures.Enqueue(failure);
        }
    }

    /// <summary>
    /// Whether no attempt has ended with this lost connection before. A hundred calls may share a connection, and its loss is one failure:
    /// it must not open the circuit breaker, which would refuse their retries.
    /// </summary>
    public bool IsNewlyLost(Exception connection) => _lostConnections.TryAdd(connection, null);

    /// <summary>Gives a slot back; only <see cref="ProviderSlot"/> may call it.</summary>
    internal void Leave() => Interlocked.Decrement(ref _underWay);
}

/// <summary>A failed attempt.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Model">The name of the model.</param>
/// <param name="Reason">One word, as in headers and metrics.</param>
internal sealed record ProviderFailure(DateTimeOffset At, string Model, string Reason);

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
