using System.Diagnostics;
using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using AiPlatform.Client.Http;

namespace AiPlatform.Client.Jobs;

/// <summary>
/// Submits jobs, waits for them, follows and cancels them. A job is stored before it is answered, and survives the restart of its worker,
/// of the Gateway and of this program.
/// </summary>
public sealed class JobsClient
{
    /// <summary>The longest wait of one request.</summary>
    private const int WaitSeconds = 60;

    private static readonly CallBounds Wait = CallBounds.Wait(TimeSpan.FromSeconds(WaitSeconds));
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly Gateway _gateway;

    internal JobsClient(Gateway gateway) => _gateway = gateway;

    /// <summary>Submits a job. It runs also if this program leaves.</summary>
    /// <exception cref="AiPlatformException">The Gateway refuses the call, or does not answer; the message says why.</exception>
    /// <exception cref="ArgumentException">The request has no body.</exception>
    public async Task<Job> SubmitAsync(JobRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Body.ValueKind == JsonValueKind.Undefined)
            throw new ArgumentException("Body is not set; it must be the JSON object of the synchronous call.", nameof(request));
        using var activity = ClientActivities.Source.StartActivity("submit job", ActivityKind.Client);
        var body = new JobSubmission
        {
            Endpoint = request.Endpoint,
            Body = request.Body,
            Lane = request.Lane,
            DeadlineSeconds = request.Deadline?.TotalSeconds,
            Metadata = request.Metadata,
        };
        var job = await _gateway.PostAsync(
            Names.Jobs, body, ClientJson.Default.JobSubmission, ClientJson.Default.Job, request.IdempotencyKey, CallBounds.Job,
            cancellationToken).ConfigureAwait(false);
        activity?.SetTag("messaging.message.id", job.Id);
        return job;
    }

    /// <summary>Reads a job.</summary>
    /// <exception cref="AiPlatformException">There is no such job.</exception>
    public Task<Job> GetAsync(string id, CancellationToken cancellationToken = default) =>
        _gateway.GetAsync(PathOf(id), ClientJson.Default.Job, CallBounds.Job, cancellationToken);

    /// <summary>
    /// Waits until a job has ended, also through restarts of the Gateway. It ends without a result at its deadline at the latest.
    /// </summary>
    /// <exception cref="AiPlatformException">There is no such job.</exception>
    public async Task<Job> WaitAsync(string id, CancellationToken cancellationToken = default)
    {
        using var activity = ClientActivities.Source.StartActivity("wait for job", ActivityKind.Client);
        activity?.SetTag("messaging.message.id", id);
        var path = $"{PathOf(id)}?wait={WaitSeconds}";
        for (var failures = 0; ;)
        {
            try
            {
                var job = await _gateway.GetAsync(path, ClientJson.Default.Job, Wait, cancellationToken)
                    .ConfigureAwait(false);
                if (job.HasEnded) return job;
                failures = 0;
            }
            catch (Exception outage) when (IsOutage(outage))
            {
                await PauseAsync(failures++, outage, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// A job's events from the first one, or from the one after <paramref name="after"/>, to <c>done</c>. When the connection is lost it is
    /// made again, and the events go on where they stopped: none comes twice, and none is left out.
    /// </summary>
    /// <exception cref="AiPlatformException">There is no such job.</exception>
    public async IAsyncEnumerable<JobEvent> EventsAsync(
        string id, long? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var path = $"{PathOf(id)}/events";
        for (var failures = 0; ;)
        {
            var isDone = false;
            HttpResponseMessage? response = null;
            Exception? outage = null;
            try
            {
                response = await _gateway.OpenEventsAsync(path, after, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (IsOutage(failure))
            {
                outage = failure;
            }

            if (response is not null)
            {
                using (response)
                {
                    var reader = ReadAsync(response, _gateway.Time, cancellationToken).GetAsyncEnumerator(cancellationToken);
                    await using (reader.ConfigureAwait(false))
                    {
                        while (true)
                        {
                            try
                            {
                                if (!await reader.MoveNextAsync().ConfigureAwait(false)) break;
                            }
                            catch (Exception failure) when (IsOutage(failure))
                            {
                                outage = failure;
                                break;
                            }

                            var one = reader.Current;
                            (after, failures, isDone) = (one.Sequence ?? after, 0, one.Kind == "done");
                            yield return one;
                        }
                    }
                }
            }

            if (isDone) yield break;
            await PauseAsync(failures++, outage, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Cancels a job that has not ended, and leaves an ended one as it is.</summary>
    /// <returns>The job as it is now.</returns>
    public async Task<Job> CancelAsync(string id, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, PathOf(id));
        return await _gateway.SendAsync(request, ClientJson.Default.Job, CallBounds.Job, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs a job again that failed, was canceled or expired.</summary>
    public async Task<Job> RetryAsync(string id, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{PathOf(id)}/retry");
        return await _gateway.SendAsync(request, ClientJson.Default.Job, CallBounds.Job, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The caller's jobs, the newest first, read page by page as they are asked for. They have no output; <see cref="GetAsync"/> gives it.
    /// </summary>
    /// <param name="status">Only jobs of this status; all when null.</param>
    /// <param name="model">Only jobs of this model; all when null.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async IAsyncEnumerable<Job> ListAsync(
        string? status = null, string? model = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? after = null;
        while (true)
        {
            var query = "?limit=100" + Query("status", status) + Query("model", model) + Query("after", after);
            var page = await _gateway.GetAsync(
                Names.Jobs + query, ClientJson.Default.JobPage, CallBounds.Job, cancellationToken).ConfigureAwait(false);
            foreach (var job in page.Data) yield return job;
            if (!page.HasMore) yield break;
            after = page.LastId;
        }
    }

    private static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static string PathOf(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return $"{Names.Jobs}/{Uri.EscapeDataString(id)}";
    }

    /// <summary>Whether the Gateway could not be asked, so that asking again may help.</summary>
    private static bool IsOutage(Exception failure) => failure switch
    {
        IOException => true,
        AiPlatformException { Code: GatewayErrors.NobodyAnswers } => true,
        AiPlatformException refusal => RetryHandler.IsPassing(refusal.Status),
        _ => false,
    };

    private Task PauseAsync(int failures, Exception? outage, CancellationToken cancellationToken)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(failures, 10));
        if (pause > LongestPause) pause = LongestPause;
        if (outage is AiPlatformException { RetryAfter: { } named } && named > pause) pause = named;
        return Task.Delay(pause, _gateway.Time, cancellationToken);
    }

    private static async IAsyncEnumerable<JobEvent> ReadAsync(
        HttpResponseMessage response, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var content = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (content.ConfigureAwait(false))
        {
            var watched = new WatchedStream(content, Gateway.Silence, time);
            var events = SseParser.Create(watched, static (_, data) => Parse(data)).EnumerateAsync(cancellationToken);
            await foreach (var one in events.ConfigureAwait(false))
            {
                // A gap has no id of its own: the parser gives that of the event before.
                long? sequence = one.EventType != "gap" && long.TryParse(
                    one.EventId, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
                yield return new JobEvent(sequence, one.EventType, one.Data);
            }
        }
    }

    private static JsonElement Parse(ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data);
            return JsonElement.ParseValue(ref reader);
        }
        catch (JsonException wrong)
        {
            throw new AiPlatformException("An event of the job is not JSON.", wrong);
        }
    }
}
