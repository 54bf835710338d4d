using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Text.Json;
using AiPlatform.Client.Http;
using AiPlatform.Client.Jobs;

namespace AiPlatform.Client.Chat;

/// <summary>How the job of a chat is submitted.</summary>
/// <param name="Key">Its idempotency key; null for a new one.</param>
/// <param name="Lane">Its lane; null for the default one.</param>
internal sealed record JobTerms(string? Key, string? Lane);

/// <summary>
/// Sends the calls of the OpenAI SDK as jobs: a call is answered with the output of its job, and a stream with the job's events, which go
/// on where they stopped when the connection is lost.
/// </summary>
internal sealed class JobTransport(JobsClient jobs) : HttpMessageHandler
{
    /// <summary>The terms of the call that is being made.</summary>
    public static readonly AsyncLocal<JobTerms?> Terms = new();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method != HttpMethod.Post || request.RequestUri is not { } address || request.Content is not { } content)
            throw new NotSupportedException($"{request.Method} {request.RequestUri} cannot be a job.");

        using var body = JsonDocument.Parse(await content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        try
        {
            var terms = Terms.Value;
            var job = await jobs.SubmitAsync(
                new JobRequest
                {
                    Endpoint = EndpointOf(address),
                    Body = body.RootElement,
                    Lane = terms?.Lane,
                    IdempotencyKey = terms?.Key,
                },
                cancellationToken).ConfigureAwait(false);
            if (RetryHandler.IsStream(body.RootElement)) return Stream(request, job.Id, cancellationToken);
            return await WaitAsync(request, job, cancellationToken).ConfigureAwait(false);
        }
        catch (AiPlatformException refused) when (refused.Status is { } status and >= HttpStatusCode.BadRequest)
        {
            return Failure(request, status, refused.Message, refused.Code, refused.Param);
        }
    }

    /// <summary>The route without what stands before it in the Gateway's address.</summary>
    private static string EndpointOf(Uri address)
    {
        var path = address.AbsolutePath;
        var start = path.IndexOf("/v1/", StringComparison.Ordinal);
        return start < 0 ? path : path[start..];
    }

    private async Task<HttpResponseMessage> WaitAsync(HttpRequestMessage request, Job job, CancellationToken cancellationToken)
    {
        try
        {
            var ended = job.HasEnded ? job : await jobs.WaitAsync(job.Id, cancellationToken).ConfigureAwait(false);
            if (ended is not { Status: "succeeded", Output: { } output, Error: null }) return Failure(request, ended);
            return new HttpResponseMessage(HttpStatusCode.OK)
            {
                RequestMessage = request,
                Content = Gateway.ContentOf(Encoding.UTF8.GetBytes(output.GetRawText())),
            };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && Terms.Value?.Key is null)
        {
            await CancelAsync(job.Id).ConfigureAwait(false);
            throw;
        }
    }

    private HttpResponseMessage Stream(HttpRequestMessage request, string job, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        _ = WriteAsync(pipe.Writer, job, isKept: Terms.Value?.Key is not null, cancellationToken);
        return new HttpResponseMessage(HttpStatusCode.OK)
        {
            RequestMessage = request,
            Content = new StreamContent(pipe.Reader.AsStream())
            {
                Headers = { ContentType = new("text/event-stream") },
            },
        };
    }

    /// <summary>
    /// Writes the output of a job as the stream of its call. A reader that leaves cancels the job, unless its key keeps it.
    /// </summary>
    private async Task WriteAsync(PipeWriter writer, string id, bool isKept, CancellationToken cancellationToken)
    {
        Exception? failure = null;
        try
        {
            await foreach (var one in jobs.EventsAsync(id, after: null, cancellationToken).ConfigureAwait(false))
            {
                if (one.Kind == "gap") throw new AiPlatformException($"A part of the answer of job {id} has expired.") { JobId = id };
                if (one.Kind == "output") WriteData(writer, Encoding.UTF8.GetBytes(one.Data.GetRawText()));
                else if (one.Job is { Status: not "succeeded" } ended) ended.GetOutput();
                else if (one.Kind == "done") WriteData(writer, "[DONE]"u8);
                else continue;

                var flushed = await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
                if (flushed.IsCompleted && one.Kind != "done")
                {
                    if (!isKept) await CancelAsync(id).ConfigureAwait(false);
                    break;
                }
            }
        }
#pragma warning disable CA1031 // Whatever it was, the reader gets it
        catch (Exception any)
#pragma warning restore CA1031
        {
            failure = any;
            if (any is OperationCanceledException && !isKept) await CancelAsync(id).ConfigureAwait(false);
        }

        await writer.CompleteAsync(failure).ConfigureAwait(false);
    }

    private static void WriteData(PipeWriter writer, ReadOnlySpan<byte> data)
    {
        writer.Write("data: "u8);
        writer.Write(data);
        writer.Write("\n\n"u8);
    }

    /// <summary>Cancels a job that nobody waits for; if that fails, its deadline ends it.</summary>
    private async Task CancelAsync(string id)
    {
        try
        {
            using var limit = new CancellationTokenSource(CancelLimit);
            await jobs.CancelAsync(id, limit.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The caller has left
        catch (Exception)
        {
        }
#pragma warning restore CA1031
    }

    private static readonly TimeSpan CancelLimit = TimeSpan.FromSeconds(5);

    private static HttpResponseMessage Failure(HttpRequestMessage request, Job job) => Failure(
        request,
        job.Error?.Code switch
        {
            "invalid_request" or "context_length_exceeded" => HttpStatusCode.BadRequest,
            "deadline_exceeded" => HttpStatusCode.GatewayTimeout,
            _ when job.Status is "canceled" => HttpStatusCode.Conflict,
            _ when job.Status is "expired" => HttpStatusCode.GatewayTimeout,
            _ => HttpStatusCode.InternalServerError,
        },
        job.Error?.Message ?? $"The job {job.Id} has ended without an answer: its status is '{job.Status}'.", job.Error?.Code, param: null);

    /// <summary>An error in the form that the SDK reads.</summary>
    private static HttpResponseMessage Failure(
        HttpRequestMessage request, HttpStatusCode status, string message, string? code, string? param)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("error"u8);
            writer.WriteString("message"u8, message);
            writer.WriteString("type"u8, (int)status < 500 ? "invalid_request_error" : "server_error");
            writer.WriteString("code"u8, code);
            writer.WriteString("param"u8, param);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return new HttpResponseMessage(status) { RequestMessage = request, Content = Gateway.ContentOf(json.WrittenSpan.ToArray()) };
    }
}
