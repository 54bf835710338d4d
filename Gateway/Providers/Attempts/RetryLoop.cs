using AiPlatform.Gateway.Providers.Configuration;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Telemetry;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>
/// The only retry loop of calls to providers. A failed model is called again after a back-off of 1, 2 and 4 s, or after the time that its
/// provider asks for; then its fallbacks are called, all before one deadline. A silent model is called at most twice, because each attempt
/// may be billed.
/// </summary>
internal sealed class RetryLoop(TimeProvider time, ProviderMetrics metrics, ILogger<RetryLoop> logger)
{
    /// <summary>The pause before the first retry; each further one is twice as long.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>If a provider asks for a longer pause, the fallback is called instead, if there is one.</summary>
    private static readonly TimeSpan LongestPauseBesideFallback = TimeSpan.FromSeconds(4);

    private const double Jitter = 0.2;

    // :: Step P4: retry. The models are called one after the other, each until it answers or should not be called again.
    /// <param name="call">The models and the deadline; it records the attempts.</param>
    /// <param name="limitOf">Longest time of one attempt, by the model's settings.</param>
    /// <param name="attempt">Makes one attempt.</param>
    /// <param name="cancellationToken">The client's token; nothing is sent once it is canceled.</param>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public async Task<RetryEnd<T>> CallAsync<T>(
        ProviderCall call,
        Func<ProviderModelOptions, TimeSpan> limitOf,
        Func<ProviderModel, AttemptLimit, ValueTask<AttemptEnd<T>>> attempt,
        CancellationToken cancellationToken)
        where T : class
    {
        AttemptFailure? last = null;
        for (var index = 0; index < call.Candidates.Count; index++)
        {
            var model = call.Candidates[index];
            var hasFallback = index < call.Candidates.Count - 1;
            var wasSilent = false;
            for (var failed = 0; failed <= model.Options.MaxRetries; failed++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (call.Deadline.Left == TimeSpan.Zero) return Ended<T>(OutOfTime(call.Deadline, last));

                var end = await AttemptAsync(call, model, limitOf, attempt, cancellationToken);
                if (end.Result is not null) return new RetryEnd<T>(model, end.Result, null);

                last = end.Failure!;
                if (last.Consequence == AttemptConsequence.Final) return Ended<T>(last);
                if (last.Consequence == AttemptConsequence.Fallback) break;
                if (last.Consequence == AttemptConsequence.RetryOnce)
                {
                    if (hasFallback || wasSilent) break;
                    wasSilent = true;
                }

                var pause = PauseAfter(failed, last.RetryAfter);
                if (failed == model.Options.MaxRetries || pause >= call.Deadline.Left
                    || (hasFallback && pause > LongestPauseBesideFallback * (1 + Jitter)))
                {
                    break;
                }
                await Task.Delay(pause, time, cancellationToken);
            }
        }

        return Ended<T>(last!);
    }

    private async ValueTask<AttemptEnd<T>> AttemptAsync<T>(
        ProviderCall call,
        ProviderModel model,
        Func<ProviderModelOptions, TimeSpan> limitOf,
        Func<ProviderModel, AttemptLimit, ValueTask<AttemptEnd<T>>> attempt,
        CancellationToken cancellationToken)
        where T : class
    {
        var provider = model.Provider;
        var start = time.GetTimestamp();
        AttemptEnd<T> end;
        var slot = provider.TryEnter();
        try
        {
            end = slot is null
                ? AttemptFailure.Busy(provider.Name, provider.Options.MaxConcurrentCalls)
                : await new LimitedAttempt<T>(call, model, limitOf(model.Options), attempt, time, logger).RunAsync(cancellationToken);
            if (slot is not null && end.Result is IKeepsSlot lasting)
            {
                lasting.Keep(slot);
                slot = null;
            }
        }
        finally
        {
            slot?.Dispose();
        }

        metrics.Attempted(model, end.Failure?.Reason ?? "succeeded", time.GetElapsedTime(start));
        if (end.Failure is { } failure) Note(call, model, failure);
        return end;
    }

    private void Note(ProviderCall call, ProviderModel model, AttemptFailure failure)
    {
        call.Log.Failure(model, failure);
        ProviderActivities.Failed(model, failure);
        Log.AttemptFailed(logger, model.Name, model.Provider.Name, failure.Reason);
    }

    /// <summary>
    /// The pause that the provider asks for, else the back-off; with a random share, so that callers do not all retry at once.
    /// </summary>
    private static TimeSpan PauseAfter(int failed, TimeSpan? asked)
    {
#pragma warning disable CA5394 // It spreads load, it protects nothing
        var random = Random.Shared.NextDouble();
#pragma warning restore CA5394
        return asked is { } least ? least * (1 + (Jitter * random))
            : FirstPause * Math.Pow(2, failed) * (1 + (Jitter * ((2 * random) - 1)));
    }

    private static AttemptFailure OutOfTime(CallDeadline deadline, AttemptFailure? last) => new()
    {
        Reason = "deadline",
        Error = new InferenceError
        {
            Kind = InferenceErrorKind.ProviderTimeout,
            Message = ($"There was no answer before the call's deadline of {deadline.Limit.TotalSeconds:0.###} s. "
                + $"{last?.Error.Message}").TrimEnd(),
        },
        Consequence = AttemptConsequence.Final,
    };

    private static RetryEnd<T> Ended<T>(AttemptFailure failure)
        where T : class => new(null, null, failure);
}

/// <summary>How a call to providers ended: with a result of <paramref name="Model"/>, or with the last failure.</summary>
/// <param name="Model">The model that answered; null when none did.</param>
/// <param name="Result">The result; null when no model answered.</param>
/// <param name="Failure">The failure that the caller gets.</param>
internal readonly record struct RetryEnd<T>(ProviderModel? Model, T? Result, AttemptFailure? Failure)
    where T : class;
