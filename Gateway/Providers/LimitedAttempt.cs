using AiPlatform.Gateway.Telemetry;
using Polly;

namespace AiPlatform.Gateway.Providers;

/// <summary>
/// One attempt with its time limit: its own, or what the deadline left. Thousands wait in here, so it is one state machine with one timer.
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
    /// <summary>What came of it, where it did not fail.</summary>
    public T? Result { get; private set; }

    /// <summary>Runs it; as the circuit breaker wants it, without an exception.</summary>
    /// <returns>How it failed, or null.</returns>
    public async ValueTask<Outcome<AttemptFailure?>> RunAsync(CancellationToken cancellationToken)
    {
        call.Log.Begin();
        using var limit = new AttemptLimit(ownLimit, call.Deadline, time, cancellationToken);
        try
        {
            var end = await attempt(model, limit);
            Result = end.Result;
            return Outcome.FromResult<AttemptFailure?>(end.Failure);
        }
        catch (OperationCanceledException) when (limit.Token.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return Outcome.FromResult<AttemptFailure?>(AttemptFailure.TimedOut(model.Provider.Name, limit));
        }
        catch (ProviderUnreachableException unreachable) when (!cancellationToken.IsCancellationRequested)
        {
            Log.ProviderUnreachable(logger, unreachable.InnerException!, model.Provider.Name);
            return Outcome.FromResult<AttemptFailure?>(AttemptFailure.Connection(model.Provider.Name, unreachable.Message));
        }
        catch (ProviderUnreachableException)
        {
            // The client's leaving cut the connection.
            return Outcome.FromException<AttemptFailure?>(new OperationCanceledException(cancellationToken));
        }
#pragma warning disable CA1031 // Thrown again by the caller, once the breaker knows that the attempt is over
        catch (Exception failure)
        {
            return Outcome.FromException<AttemptFailure?>(failure);
        }
#pragma warning restore CA1031
    }
}
