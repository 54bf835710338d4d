using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AiPlatform.Chaos.Faults;
using AiPlatform.Chaos.Promises;

namespace AiPlatform.Chaos.Clients;

/// <summary>
/// A user who sends good requests to any Gateway, sends requests again that were refused or got no answer, and polls the jobs until they
/// have ended. It checks every answer.
/// </summary>
internal sealed class FaultClient(
    FaultRun run, FaultyPlatform platform, GoodRequests requests, HttpClient http, SeededNumbers numbers, TimeSpan keyTtl,
    CancellationToken cancellationToken)
{
    /// <summary>Most open jobs of this client at a time.</summary>
    private const int Window = 15;

    /// <summary>Longest wait for an answer or an end, through all faults.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan RefusedPause = TimeSpan.FromMilliseconds(200);

    private readonly Queue<AcceptedJob> _open = [];

    /// <param name="next">Returns the number of the next request; null when there are no more.</param>
    /// <param name="longestPause">The longest pause between two requests.</param>
    public async Task RunAsync(Func<int?> next, TimeSpan longestPause)
    {
        while (next() is { } number)
        {
            await SendAsync(requests.Make(number));
            while (_open.Count >= Window) await FollowAsync(_open.Dequeue());
            await Task.Delay(numbers.Between(TimeSpan.Zero, longestPause), TimeProvider.System, cancellationToken);
        }

        while (_open.TryDequeue(out var job)) await FollowAsync(job);
    }

    /// <summary>
    /// Checks jobs that have ended once more: each exists with its correct output, has exactly one end in its events, and is still the job
    /// of a repeated request with its key.
    /// </summary>
    public async Task LookAgainAsync(IEnumerable<AcceptedJob> jobs)
    {
        foreach (var job in jobs.Where(job => job.IsAnswered))
        {
            await FollowAsync(job);
            await CountEndsAsync(job);
            if (job.Request.Key is not null) await SendOnceMoreAsync(job.Request, job.Id);
        }
    }

    private async Task CountEndsAsync(AcceptedJob job)
    {
        using var reply = await http.GetAsync(new Uri(AnyGateway(), $"/v1/jobs/{job.Id}/events"), cancellationToken);
        var events = await reply.Content.ReadAsStringAsync(cancellationToken);
        var changes = events.Split("\n\n").Where(one => one.Contains("event: status\n", StringComparison.Ordinal));
        var ends = changes.Count(change => change.Contains("\"succeeded\"", StringComparison.Ordinal));
        if (ends != 1)
            run.Complain(ProblemKind.Duplicated, job.Id, $"has succeeded {ends} times by its events ({(int)reply.StatusCode}):\n{events}");
    }

    private async Task SendAsync(GoodRequest request)
    {
        var start = TimeProvider.System.GetTimestamp();
        var first = await UntilAnsweredAsync(request, start);
        if (first is not null && request.ComesTwice) await SendOnceMoreAsync(request, first, start);
    }

    private async Task SendOnceMoreAsync(GoodRequest request, string first, long? start = null)
    {
        var second = await UntilAnsweredAsync(request, start ?? TimeProvider.System.GetTimestamp());
        if (second is not null && second != first)
            run.Complain(ProblemKind.Duplicated, first, $"{request.Name} came again with its key, and became {second}.");
    }

    /// <param name="request">The request.</param>
    /// <param name="start">When it was sent for the first time.</param>
    /// <returns>The job's id; null when no answer can be had.</returns>
    private async Task<string?> UntilAnsweredAsync(GoodRequest request, long start)
    {
        while (TimeProvider.System.GetElapsedTime(start) < Patience)
        {
            if (request.Key is not null && TimeProvider.System.GetElapsedTime(start) > keyTtl / 2)
            {
                // Its key may expire soon, and the request would then become another job.
                run.Count("keys too old");
                return null;
            }

            try
            {
                using var message = MessageOf(request);
                using var reply = await http.SendAsync(message, cancellationToken);
                var text = await reply.Content.ReadAsStringAsync(cancellationToken);
                switch (reply.StatusCode)
                {
                    case HttpStatusCode.Accepted when request.Kind != CallKind.Synchronous:
                        return Accept(request, JsonSerializer.Deserialize<JsonElement>(text).GetProperty("id").GetString()!);
                    case HttpStatusCode.OK when request.Kind == CallKind.Synchronous:
                        return Accept(request, reply, text);
                    case HttpStatusCode.GatewayTimeout when request.Kind == CallKind.Synchronous:
                        // Its job has expired, and the same key would return it again.
                        run.Count("answers too late");
                        return null;
                    case HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests:
                        run.Count("refusals");
                        if (reply.Headers.RetryAfter is null)
                            run.Complain(ProblemKind.Wrong, null, $"{request.Name} was refused without Retry-After: {text}");
                        break;
                    default:
                        run.Complain(
                            ProblemKind.Wrong, null, $"{request.Name} ({request.Kind}) was answered {(int)reply.StatusCode}: {text}");
                        return null;
                }
            }
            catch (Exception lost) when (IsLostAnswer(lost))
            {
                run.Count("answers lost");
            }

            await Task.Delay(RefusedPause, TimeProvider.System, cancellationToken);
        }

        run.Complain(ProblemKind.Stuck, null, $"{request.Name} ({request.Kind}) was not taken within {Patience}.");
        return null;
    }

    private string Accept(GoodRequest request, string id)
    {
        var job = new AcceptedJob(request, id, TimeProvider.System.GetUtcNow());
        if (run.Accepted.TryAdd(id, job))
        {
            run.Count($"{request.Kind}");
            _open.Enqueue(job);
        }

        return id;
    }

    private string Accept(GoodRequest request, HttpResponseMessage reply, string text)
    {
        var id = reply.Headers.GetValues("X-Job-Id").Single();
        if (run.Accepted.TryAdd(id, new AcceptedJob(request, id, TimeProvider.System.GetUtcNow()) { IsAnswered = true }))
            run.Count($"{request.Kind}");
        Check(request, id, JsonSerializer.Deserialize<JsonElement>(text));
        return id;
    }

    /// <summary>Polls a job until it has ended, and then checks its output.</summary>
    private async Task FollowAsync(AcceptedJob job)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < Patience)
        {
            try
            {
                using var reply = await http.GetAsync(new Uri(AnyGateway(), $"/v1/jobs/{job.Id}?wait=5"), cancellationToken);
                var text = await reply.Content.ReadAsStringAsync(cancellationToken);
                if (reply.StatusCode == HttpStatusCode.OK)
                {
                    if (IsEnded(job, JsonSerializer.Deserialize<JsonElement>(text))) return;
                    continue;
                }

                if (reply.StatusCode == HttpStatusCode.NotFound)
                {
                    job.MissingAt = TimeProvider.System.GetUtcNow();
                    return;
                }

                if (reply.StatusCode != HttpStatusCode.ServiceUnavailable)
                {
                    run.Complain(ProblemKind.Wrong, job.Id, $"was asked for and answered {(int)reply.StatusCode}: {text}");
                    return;
                }
            }
            catch (Exception lost) when (IsLostAnswer(lost))
            {
                // The loop tries again.
            }

            await Task.Delay(RefusedPause, TimeProvider.System, cancellationToken);
        }

        run.Complain(ProblemKind.Stuck, job.Id, $"had not ended after {Patience}.");
    }

    private bool IsEnded(AcceptedJob job, JsonElement answer)
    {
        var status = answer.GetProperty("status").GetString();
        if (status is "queued" or "running") return false;

        if (status == "succeeded") Check(job.Request, job.Id, answer.GetProperty("output"));
        else run.Complain(ProblemKind.Wrong, job.Id, $"is a good job and has {status}: {answer.GetProperty("error")}");
        job.IsAnswered = true;
        return true;
    }

    private void Check(GoodRequest request, string id, JsonElement list)
    {
        if (VectorCheck.Difference(request, VectorCheck.VectorsOf(list)) is { } difference)
            run.Complain(ProblemKind.Wrong, id, $"was answered wrongly: {difference}");
    }

    private HttpRequestMessage MessageOf(GoodRequest request)
    {
        var message = new HttpRequestMessage(
            HttpMethod.Post, new Uri(AnyGateway(), request.Kind == CallKind.Job ? "/v1/jobs" : "/v1/embeddings"))
        {
            Content = new ByteArrayContent(request.Body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        if (request.Kind == CallKind.RespondAsync) message.Headers.Add("Prefer", "respond-async");
        if (request.Key is { } key) message.Headers.Add("Idempotency-Key", string.Create(CultureInfo.InvariantCulture, $"\"{key}\""));
        return message;
    }

    private Uri AnyGateway() => numbers.OneOf(platform.Gateways).Current.Address;

    private bool IsLostAnswer(Exception failure) =>
        failure is HttpRequestException or IOException or TaskCanceledException && !cancellationToken.IsCancellationRequested;
}
