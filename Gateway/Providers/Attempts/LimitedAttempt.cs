using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Transport;
using AiPlatform.Gateway.Telemetry;
using Polly;
using Polly.CircuitBreaker;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>
/// One attempt with its time limit: its own limit, or the time until the deadline. Thousands of calls wait in here, so it is one state
/// machine with one timer.
/// </summary>
internal sealed class LimitedAttempt<T>(
    ProviderCall call,
    ProviderModel model,
    TimeSpan ownLimit,
    Func<ProviderModel, AttemptLimit, ValueTask<AttemptEnd<T>>> attempt,
    TimeProvider time,
    ILogger logger)
    where T : class
{
    private AttemptEnd<T> _end;

    // :: Step P5: attempt. The breaker lets it through or refuses it. It ends by itself, at its limit, or at the call's deadline.
    /// <summary>Makes the attempt, unless the provider's breaker is open.</summary>
    /// <returns>How the attempt ended, even if it was not made.</returns>
    public async ValueTask<AttemptEnd<T>> RunAsync(CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            var outcome = await model.Provider.Breaker.ExecuteOutcomeAsync(
                static (context, attempt) => attempt.MakeAsync(context.CancellationToken), context, this);
            if (outcome.Exception is BrokenCircuitException open) return AttemptFailure.BreakerOpen(model.Provider.Name, open.RetryAfter);

            outcome.ThrowIfException();
            return _end;
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>Makes the attempt, and returns failures as values, as the circuit breaker expects them.</summary>
    private async ValueTask<Outcome<bool>> MakeAsync(CancellationToken cancellationToken)
    {
        call.Log.Begin();
        using var limit = new AttemptLimit(ownLimit, call.Deadline, time, cancellationToken);
        try
        {
            return Ended(await attempt(model, limit));
        }
        catch (OperationCanceledException) when (limit.Token.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return Ended(AttemptFailure.TimedOut(model.Provider.Name, limit));
        }
        catch (ProviderUnreachableException unreachable) when (!cancellationToken.IsCancellationRequested)
        {
            Log.ProviderUnreachable(logger, unreachable.InnerException!, model.Provider.Name);
            return Ended(AttemptFailure.Connection(model.Provider.Name, unreachable));
        }
        catch (ProviderUnreachableException)
        {
            // The connection was closed because the client disconnected.
            return Outcome.FromException<bool>(new OperationCanceledException(cancellationToken));
        }
#pragma warning disable CA1031 // Thrown again by the caller, once the breaker knows that the attempt is over
        catch (Exception failure)
        {
            return Outcome.FromException<bool>(failure);
        }
#pragma warning restore CA1031
    }

    private Outcome<bool> Ended(AttemptEnd<T> end)
    {
        _end = end;
        // A wrong request, or a caller whose time was up, says nothing of the provider.
        if (end.Failure is { Consequence: not AttemptConsequence.Final } failure)
            model.Provider.Failed(new ProviderFailure(time.GetUtcNow(), model.Name, failure.Reason));
        return Outcome.FromResult(
            end.Failure is { IsProvidersFault: true } fault && (fault.LostConnection is not { } lost || model.Provider.IsNewlyLost(lost)));
    }
}

/// <summary>How one attempt ended. Exactly one of the two is set.</summary>
internal readonly record struct AttemptEnd<T>(T? Result, AttemptFailure? Failure)
    where T : class
{
    public static implicit operator AttemptEnd<T>(AttemptFailure failure) => new(null, failure);

    public static implicit operator AttemptEnd<T>(T result) => new(result, null);
}
