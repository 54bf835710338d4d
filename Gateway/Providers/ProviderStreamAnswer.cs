using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Providers;

/// <summary>
/// 200 with a provider's events as they come. A client that reads slowly holds the provider; one that leaves ends its call. What goes
/// wrong after the first byte is an error event, and no <c>[DONE]</c>.
/// </summary>
internal sealed class ProviderStreamAnswer(OpenedStream stream, ProviderCall call, Action<string?> ended) : IResult
{
    private static ReadOnlySpan<byte> Done => "data: [DONE]\n\n"u8;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        // Unless it is told otherwise, the client went away.
        var end = (string?)ProviderCalls.ClientGone;
        using (stream)
        {
            try
            {
                httpContext.Response.SetEventStream();
                var error = await PumpAsync(httpContext);
                end = error?.Code;
                if (error is null) httpContext.Response.BodyWriter.Write(Done);
                else WriteError(httpContext.Response.BodyWriter, error);
                await httpContext.Response.BodyWriter.FlushAsync(httpContext.RequestAborted);
            }
            finally
            {
                ended(end);
            }
        }
    }

    /// <returns>What the stream ended with; null when it ended as it should.</returns>
    private async Task<InferenceError?> PumpAsync(HttpContext context)
    {
        var time = context.RequestServices.GetRequiredService<TimeProvider>();
        var writer = context.Response.BodyWriter;
        var bare = call.Check is null ? null : new BareEvents();
        using var silence = new CancellationTokenSource(Patience(), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, context.RequestAborted);
        while (true)
        {
            StreamPiece piece;
            var patience = Patience();
            try
            {
                silence.CancelAfter(patience);
                piece = await stream.NextAsync(either.Token);
            }
            catch (OperationCanceledException) when (silence.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
            {
                return call.Deadline.Left > TimeSpan.Zero ? AttemptFailure.Silent(stream.Model.Provider.Name, patience, "inside a stream").Error : OutOfTime();
            }

            // The client's time to read is not the provider's silence.
            silence.CancelAfter(Timeout.InfiniteTimeSpan);
            if (!piece.Events.IsEmpty) await writer.WriteAsync(bare?.Of(piece.Events) ?? piece.Events, context.RequestAborted);
            if (piece.Failure is { } failure) return failure.Error;
            if (piece.IsLast) return Check();
        }
    }

    /// <summary>It went on talking, but not to an end.</summary>
    private InferenceError OutOfTime() => new()
    {
        Kind = InferenceErrorKind.ProviderTimeout,
        Message = $"The stream of the provider '{stream.Model.Provider.Name}' did not end within {call.Deadline.Limit.TotalSeconds:0.###} s.",
    };

    private TimeSpan Patience() => stream.Model.Options.IdleTimeout < call.Deadline.Left ? stream.Model.Options.IdleTimeout : call.Deadline.Left;

    private InferenceError? Check() => stream.Content is not { } content || call.Check is null
        ? null
        : Misfit.Of(content.Choices, call.Check)?.ToError(call.Check.Form, corrections: 0, call.Request.IncludesRawAnswer);

    private static void WriteError(PipeWriter writer, InferenceError error)
    {
        writer.Write("data: "u8);
        using (var json = new Utf8JsonWriter(writer)) JsonSerializer.Serialize(json, OpenAIError.BodyOf(error), GatewayJson.Readable.OpenAIErrorBody);
        writer.Write("\n\n"u8);
    }
}
