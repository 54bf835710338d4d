using System.Buffers;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Whole;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>
/// 200 with a provider's events as they come. A client that reads slowly slows the provider down; a client that disconnects ends the call.
/// A failure after the first byte is an error event, without <c>[DONE]</c>.
/// </summary>
/// <param name="stream">The stream.</param>
/// <param name="call">The call.</param>
/// <param name="ended">Called once when it has ended, with the code of its error or null, before its client sees the end.</param>
internal sealed class ProviderStreamAnswer(OpenedStream stream, ProviderCall call, Func<string?, Task> ended) : IResult
{
    /// <summary>How long a stream is read for its usage after its client has disconnected, if nothing else is missing.</summary>
    private static readonly TimeSpan UsageGrace = TimeSpan.FromSeconds(5);

    private static ReadOnlySpan<byte> Done => "data: [DONE]\n\n"u8;

    // :: Step P8: answer. Events are passed on as they come.
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        Task? ending = null;
        try
        {
            httpContext.Response.SetEventStream();
            InferenceError? error;
            // The provider's slot is free before the caller gets the end of the stream.
            using (stream)
            {
                try
                {
                    error = await PumpAsync(httpContext);
                }
                catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
                {
                    await ReadUsageAsync(httpContext);
                    throw;
                }
            }

            ending = ended(error?.Code);
            await ending;
            if (error is null) httpContext.Response.BodyWriter.Write(Done);
            else httpContext.Response.BodyWriter.Write(OpenAIError.EventOf(httpContext, error));
            await httpContext.Response.BodyWriter.FlushAsync(httpContext.RequestAborted);
        }
        finally
        {
            if (ending is null) await ended(ProviderCall.ClientGone);
        }
    }

    /// <returns>The error that ended the stream; null when it ended regularly.</returns>
    private async Task<InferenceError?> PumpAsync(HttpContext context)
    {
        var time = context.RequestServices.GetRequiredService<TimeProvider>();
        var writer = context.Response.BodyWriter;
        var bare = call.Check is null ? null : new BareEvents();
        using var limit = new AttemptLimit(stream.Model.Options.IdleTimeout, call.Deadline, time, CancellationToken.None);
        // Canceling a read closes the connection, and the usage would be lost.
        using var leaving = context.RequestAborted.UnsafeRegister(
            _ => limit.End(within: stream.AwaitsUsage ? UsageGrace : TimeSpan.Zero), null);
        limit.Progress = AttemptProgress.Streaming;
        while (true)
        {
            StreamPiece piece;
            limit.Restart();
            // If the client disconnected just before, the restart has overwritten the end that the disconnect had set.
            context.RequestAborted.ThrowIfCancellationRequested();
            try
            {
                piece = await stream.NextAsync(limit.Token);
            }
            catch (OperationCanceledException) when (limit.Token.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
            {
                return limit.IsDeadline ? OutOfTime() : AttemptFailure.TimedOut(stream.Model.Provider.Name, limit).Error;
            }

            // The time that the client takes to read does not count as the provider's silence.
            limit.Pause();
            context.RequestAborted.ThrowIfCancellationRequested();
            if (!piece.Events.IsEmpty) await writer.WriteAsync(bare?.Of(piece.Events) ?? piece.Events, context.RequestAborted);
            if (piece.Failure is { } failure) return failure.Error;
            if (piece.IsLast) return await CheckAsync(context);
        }
    }

    /// <summary>Reads the usage after the client has disconnected, if only the usage is missing.</summary>
    private async Task ReadUsageAsync(HttpContext context)
    {
        using var limit = new CancellationTokenSource(UsageGrace, context.RequestServices.GetRequiredService<TimeProvider>());
        try
        {
            while (stream.AwaitsUsage && await stream.NextAsync(limit.Token) is { IsLast: false, Failure: null }) { }
        }
        catch (OperationCanceledException)
        {
            // The usage is estimated.
        }
    }

    /// <summary>The error of a stream that did not end before the deadline.</summary>
    private InferenceError OutOfTime() => new()
    {
        Kind = InferenceErrorKind.ProviderTimeout,
        Message = $"The stream of the provider '{stream.Model.Provider.Name}' did not end within "
        + $"{call.Deadline.Limit.TotalSeconds:0.###} s.",
    };

    private async ValueTask<InferenceError?> CheckAsync(HttpContext context)
    {
        if (stream.Content is not { } content || call.Check is null) return null;

        ChoiceContent[] choices = [.. content.Choices];
        if (choices.Any(choice => !JsonText.IsWellFormed(choice.Text)))
            return AttemptFailure.BadAnswer(stream.Model.Provider.Name, "malformed", "its text is not valid Unicode").Error;

        var checks = context.RequestServices.GetRequiredService<AnswerChecks>();
        var misfit = await checks.FindMisfitAsync(call, choices, context.RequestAborted);
        return misfit?.ToError(call.Check.Form, corrections: 0, call.Request.IncludesRawAnswer);
    }
}
