using System.IO.Pipelines;
using System.Net;
using System.Text;
using AiPlatform.Client;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;

namespace AiPlatform.Tests.Client;

/// <summary>A request as the client sent it, and when, by the clock of the test.</summary>
internal sealed record Sent(
    TimeSpan At, HttpMethod Method, string Path, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public string? Key => Headers.GetValueOrDefault("Idempotency-Key");

    public string? Timeout => Headers.GetValueOrDefault("X-Request-Timeout");
}

/// <summary>Answers a client's requests with what the test says, because no Gateway fails on demand. The clock is the test's.</summary>
internal sealed class ScriptedGateway(params Func<CancellationToken, Task<HttpResponseMessage>>[] answers) : HttpMessageHandler
{
    private readonly Queue<Func<CancellationToken, Task<HttpResponseMessage>>> _answers = new(answers);

    public ManualTime Time { get; } = new();

    public List<Sent> Seen { get; } = [];

    /// <summary>A client of it, with its clock.</summary>
    public AiPlatformClient Client(Action<AiPlatformClientOptions>? change = null)
    {
        var options = new AiPlatformClientOptions();
        change?.Invoke(options);
        return new AiPlatformClient(options, this, Time);
    }

    /// <summary>Advances the clock from timer to timer until the call has ended, well or not.</summary>
    public async Task<T> EndAsync<T>(Task<T> call)
    {
        await Poll.UntilAsync(
            () =>
            {
                if (!call.IsCompleted) Time.AdvanceToNext();
                return call.IsCompleted;
            },
            "the call has ended");
        return await call;
    }

    public static Func<CancellationToken, Task<HttpResponseMessage>> Reply(
        string body, int status = 200, params (string Name, string Value)[] headers) => Typed("application/json", body, status, headers);

    /// <summary>An answer of another type.</summary>
    public static Func<CancellationToken, Task<HttpResponseMessage>> Typed(
        string type, string body, int status = 200, params (string Name, string Value)[] headers) => _ =>
    {
        var answer = Answer(status, type, body, connection => connection.Complete());
        foreach (var (name, value) in headers) answer.Headers.TryAddWithoutValidation(name, value);
        return Task.FromResult(answer);
    };

    /// <summary>Refuses a request with an error of the Gateway.</summary>
    public static Func<CancellationToken, Task<HttpResponseMessage>> Refusal(int status, params (string Name, string Value)[] headers) =>
        Reply("""{"error":{"message":"It is so.","type":"server_error","code":"queue_unavailable","param":null}}""", status, headers);

    /// <summary>These events, after which the connection ends, or goes on without a word.</summary>
    public static Func<CancellationToken, Task<HttpResponseMessage>> Events(string events, bool isOpen = false, string? job = null) => _ =>
    {
        var answer = Answer(200, "text/event-stream", events, isOpen ? _ => { } : connection => connection.Complete());
        if (job is not null) answer.Headers.Add("X-Job-Id", job);
        return Task.FromResult(answer);
    };

    /// <summary>An answer of which only this comes, and then the connection breaks, or is silent.</summary>
    public static Func<CancellationToken, Task<HttpResponseMessage>> BreaksOff(string body, bool isSilent = false) => _ =>
        Task.FromResult(Answer(200, "application/json", body, connection =>
        {
            if (!isSilent) connection.Complete(new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely."));
        }));

    public static Task<HttpResponseMessage> Broken(CancellationToken cancellationToken) =>
        throw new HttpRequestException("The connection was refused.");

    /// <summary>Never answers.</summary>
    public static async Task<HttpResponseMessage> Silent(CancellationToken cancellationToken)
    {
        await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
        throw new InvalidOperationException("It was not canceled.");
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is { } content ? await content.ReadAsStringAsync(cancellationToken) : "";
        Seen.Add(new Sent(
            Time.GetUtcNow() - DateTimeOffset.UnixEpoch, request.Method, request.RequestUri!.PathAndQuery, body,
            request.Headers.ToDictionary(one => one.Key, one => string.Join(',', one.Value))));
        return await _answers.Dequeue()(cancellationToken);
    }

    /// <summary>An answer that can be read once.</summary>
    /// <param name="status">Its status code.</param>
    /// <param name="type">Its media type.</param>
    /// <param name="body">What comes.</param>
    /// <param name="end">Ends the connection after the body, or leaves it open.</param>
    private static HttpResponseMessage Answer(int status, string type, string body, Action<PipeWriter> end)
    {
        var connection = new Pipe();
        using (var sent = connection.Writer.AsStream(leaveOpen: true)) sent.Write(Encoding.UTF8.GetBytes(body));
        end(connection.Writer);
        return new((HttpStatusCode)status)
        {
            Content = new StreamContent(connection.Reader.AsStream()) { Headers = { ContentType = new(type) } },
        };
    }
}
