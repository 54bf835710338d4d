using System.ClientModel;
using System.ClientModel.Primitives;
using System.Diagnostics;
using OpenAI;
using Polly;
using Polly.CircuitBreaker;

namespace AiPlatform.Gateway.Providers;

/// <summary>A provider as this process knows it: the SDK's client, the circuit breaker and the count of calls in flight.</summary>
internal sealed class Provider
{
    private readonly ResiliencePipeline<AttemptFailure?> _breaker;
    private readonly CircuitBreakerStateProvider _state = new();
    private int _underWay;

    public Provider(string name, ProviderOptions options, TimeProvider time)
    {
        Name = name;
        Options = options;
        Secret = new ProviderSecret(options.ApiKey);
        Client = MakeClient(options);
        _breaker = new ResiliencePipelineBuilder<AttemptFailure?> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<AttemptFailure?>
            {
                FailureRatio = options.BreakerFailureRatio,
                MinimumThroughput = options.BreakerAttempts,
                SamplingDuration = options.BreakerWindow,
                BreakDuration = options.BreakerPause,
                StateProvider = _state,
                ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Result is { IsProvidersFault: true }),
            })
            .Build();
    }

    public string Name { get; }

    public ProviderOptions Options { get; }

    public ProviderSecret Secret { get; }

    public OpenAIClient Client { get; }

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

    /// <summary>Makes one attempt, unless the breaker is open.</summary>
    /// <returns>How it ended; also when it was not made.</returns>
    public async ValueTask<AttemptEnd<T>> AttemptAsync<T>(LimitedAttempt<T> attempt, CancellationToken cancellationToken)
        where T : class
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            var outcome = await _breaker.ExecuteOutcomeAsync(
                static (context, attempt) => attempt.RunAsync(context.CancellationToken), context, attempt);
            if (outcome.Exception is BrokenCircuitException open) return AttemptFailure.BreakerOpen(Name, open.RetryAfter);

            outcome.ThrowIfException();
            return new AttemptEnd<T>(attempt.Result, outcome.Result);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static OpenAIClient MakeClient(ProviderOptions options)
    {
        var settings = new OpenAIClientOptions
        {
            Endpoint = options.BaseUrl,
            // There is one retry loop, and it is ours (ProviderCaller); so are the time limits, and the log.
            RetryPolicy = new SingleTryPolicy(),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            ClientLoggingOptions = new ClientLoggingOptions { EnableLogging = false },
            Transport = new HttpClientPipelineTransport(MakeHttpClient(options)),
        };
        if (!options.ApiKeyHeader.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
            settings.AddPolicy(new ApiKeyHeaderPolicy(options.ApiKeyHeader, options.ApiKey), PipelinePosition.BeforeTransport);
        // A provider that asks for no key is sent one that is none: the SDK must have something to send.
        return new OpenAIClient(new ApiKeyCredential(options.ApiKey.Length > 0 ? options.ApiKey : "none"), settings);
    }

    private static HttpClient MakeHttpClient(ProviderOptions options) => new(
        new SocketsHttpHandler
        {
            // A redirect would carry the key and the prompt to somebody whom nobody configured.
            AllowAutoRedirect = false,
            UseCookies = false,
            // What a caller's tracing carries is not the provider's business. Our own span of the call stays either way.
            ActivityHeadersPropagator = options.SendTraceParent
                ? new TraceParentPropagator()
                : DistributedContextPropagator.CreateNoOutputPropagator(),
            ConnectTimeout = options.ConnectTimeout,
            // New addresses behind a name are found, and a connection that a peer forgot is not kept.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
