using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Tests.Cli;

/// <summary>A server that answers as the test says, for what no real Gateway says on demand.</summary>
internal sealed class StandInGateway : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<(int Status, string Type, string Body)>> _answers = [];
    private readonly ConcurrentQueue<(string Call, string? Key, string? After)> _seen = [];
    private readonly WebApplication _app;

    private StandInGateway()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.Run(AnswerAsync);
    }

    public string Address => _app.Urls.Single();

    /// <summary>The calls, such as <c>GET /v1/models</c>, with the caller's key and the event after which it goes on.</summary>
    public IReadOnlyList<(string Call, string? Key, string? After)> Seen => [.. _seen];

    public static async Task<StandInGateway> StartAsync(CancellationToken cancellationToken)
    {
        var gateway = new StandInGateway();
        await gateway._app.StartAsync(cancellationToken);
        return gateway;
    }

    /// <summary>Adds an answer to a call. The last one answers all further ones.</summary>
    /// <param name="call">Such as <c>GET /v1/jobs?limit=100</c>.</param>
    /// <param name="body">The answer.</param>
    /// <param name="status">Its status.</param>
    public StandInGateway On(string call, string body, int status = 200) => Add(call, (status, "application/json", body));

    /// <summary>Answers with events, after which the connection ends.</summary>
    public StandInGateway Events(string call, string events) => Add(call, (200, "text/event-stream", events));

    /// <summary>Answers with nothing but the head of a stream, which stays open.</summary>
    public StandInGateway Silence(string call) => Add(call, (200, "text/event-stream", ""));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private StandInGateway Add(string call, (int Status, string Type, string Body) answer)
    {
        _answers.GetOrAdd(call, _ => []).Enqueue(answer);
        return this;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var call = $"{request.Method} {request.Path}{request.QueryString}";
        _seen.Enqueue((call, request.Headers.Authorization, request.Headers["Last-Event-ID"]));
        if (!_answers.TryGetValue(call, out var answers)
            || !(answers.Count > 1 ? answers.TryDequeue(out var answer) : answers.TryPeek(out answer)))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        (response.StatusCode, response.ContentType) = (answer.Status, answer.Type);
        await response.WriteAsync(answer.Body);
        if (answer is not (_, "text/event-stream", "")) return;
        await response.Body.FlushAsync();
        await new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
    }
}
