using System.Text.Json;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>
/// Gets whole answers of providers that pass their check. An answer that does not pass is sent back to the model with its errors, a bounded
/// number of times.
/// </summary>
internal sealed class WholeAnswers(
    RetryLoop caller, WholeAttempt attempts, AnswerCache cache, AnswerChecks checks, ProviderMetrics metrics)
{
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public async Task<WholeAnswerEnd> AnswerAsync(ProviderCall call, CancellationToken cancellationToken)
    {
        var cacheName = AnswerCache.NameOf(call);
        if (cacheName is not null && await cache.RecallAsync(call, cacheName, cancellationToken) is { } kept)
            return new WholeAnswerEnd(call.Model, kept, default, null, null);

        IReadOnlyList<byte[]> conversation = [];
        for (var corrections = 0; ; corrections++)
        {
            var end = await caller.CallAsync(
                call, options => options.AttemptTimeout,
                (model, limit) => attempts.RunAsync(
                    model, call.Request, UpstreamBody.Write(call.Request, model, asksUsage: false, conversation), limit),
                cancellationToken);
            if (end.Result is not { } answer)
                return new WholeAnswerEnd(null, null, call.Log.Used, end.Failure!.Error, end.Failure.Answer);

            call.Log.Answered(answer.Usage);
            var choices = call.Check is null ? [] : ChoiceContent.Of(answer);
            var misfit = await checks.FindMisfitAsync(call, choices, cancellationToken);
            if (misfit is null)
            {
                answer = BareAnswer.Of(answer, choices);
                // A fallback's answer is not cached, because the requested model would answer differently.
                if (cacheName is not null && end.Model == call.Model) cache.Remember(call, cacheName, answer);
                return new WholeAnswerEnd(end.Model, answer, call.Log.Used, null, null);
            }

            if (!misfit.CanBeCorrected || corrections >= call.Model.Options.MaxCorrections || call.Deadline.Left == TimeSpan.Zero)
            {
                return new WholeAnswerEnd(
                    end.Model, null, call.Log.Used, misfit.ToError(call.Check!.Form, corrections, call.Request.IncludesRawAnswer), null);
            }

            metrics.Corrected(end.Model!);
            conversation = [.. conversation, Message("assistant", misfit.Text),
                Message("user", CorrectionMessage.For(misfit.Violations, call.Check!.Form))];
        }
    }

    private static byte[] Message(string role, string content)
    {
        using var written = new MemoryStream();
        using (var writer = new Utf8JsonWriter(written))
        {
            writer.WriteStartObject();
            writer.WriteString("role"u8, role);
            writer.WriteString("content"u8, content);
            writer.WriteEndObject();
        }

        return written.ToArray();
    }
}

/// <summary>How a call for a whole answer ended. Either <paramref name="Answer"/> or <paramref name="Error"/> is set.</summary>
/// <param name="Model">The model that answered; null when none did.</param>
/// <param name="Answer">The answer, which passed its check.</param>
/// <param name="Usage">Tokens of all answers, including those that were sent back.</param>
/// <param name="Error">The error, if there is no answer.</param>
/// <param name="Refused">The provider's own refusal, which is more precise than <paramref name="Error"/>.</param>
internal sealed record WholeAnswerEnd(
    ProviderModel? Model, JsonAnswer? Answer, TokenUsage Usage, InferenceError? Error, RefusedAnswer? Refused);
