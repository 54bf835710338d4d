using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>A provider over real HTTP that follows a script, call by call.</summary>
internal sealed class FakeProvider : IAsyncDisposable
{
    public const string Key = "sk-secret-of-the-provider";

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _script = new();
    private readonly ConcurrentQueue<ReceivedCall> _received = new();
    private int _underWay;
    private int _aborted;

    private FakeProvider(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
    }

    /// <summary>Its API, as <c>BaseUrl</c> has it.</summary>
    public Uri Address { get; }

    /// <summary>The calls that came, in order.</summary>
    public IReadOnlyList<ReceivedCall> Received => [.. _received];

    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>Calls whose caller went away.</summary>
    public int Aborted => Volatile.Read(ref _aborted);

    /// <summary>The behavior for calls that the script does not cover.</summary>
    public Func<HttpContext, Task> Otherwise { get; set; } = Says("Hello!");

    /// <param name="protocols">The versions of HTTP that it speaks. Without a certificate it speaks one of them only.</param>
    /// <param name="certificate">For https.</param>
    /// <param name="port">Where it listens; null for a free port.</param>
    public static async Task<FakeProvider> StartAsync(
        HttpProtocols protocols = HttpProtocols.Http1, X509Certificate2? certificate = null, int? port = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var address = new Uri($"{(certificate is null ? "http" : "https")}://127.0.0.1:{port ?? FreePort.Next()}");
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, address.Port, listen =>
            {
                listen.Protocols = protocols;
                if (certificate is not null) listen.UseHttps(certificate);
            });
        });
        var app = builder.Build();
        var provider = new FakeProvider(app, new Uri(address, "/v1"));
        app.Run(provider.RunAsync);
        await app.StartAsync();
        return provider;
    }

    /// <summary>Adds the behavior for the next calls, in order.</summary>
    public void Script(params Func<HttpContext, Task>[] behaviours)
    {
        foreach (var behaviour in behaviours) _script.Enqueue(behaviour);
    }

    /// <summary>Settings of a Gateway that knows it as <c>fake</c>, with the model <c>gpt</c>.</summary>
    public string[] Settings(params string[] more) =>
    [
        $"Providers:fake:BaseUrl={Address}", $"Providers:fake:ApiKey={Key}", "Models:gpt:Provider=fake",
        "Models:gpt:UpstreamModel=gpt-upstream", .. more,
    ];

    /// <summary>The same as environment variables of a process; and a model <c>with-fallback</c>, whose fallback <c>gpt</c> is.</summary>
    public (string Key, string Value)[] Environment() =>
    [
        .. Settings("Models:with-fallback:Provider=fake", "Models:with-fallback:Fallbacks:0=gpt").Select(setting => setting.Split('=', 2))
            .Select(pair => (pair[0].Replace(":", "__", StringComparison.Ordinal), pair[1])),
    ];

    public static string ChatJson(string content, string finishReason = "stop", int input = 7, int output = 3) =>
        JsonSerializer.Serialize(new
        {
            id = "chatcmpl-1",
            @object = "chat.completion",
            created = 1_700_000_000,
            model = "gpt-upstream-2026",
            choices = new[]
            {
                new
                {
                    index = 0,
                    message = new { role = "assistant", content, refusal = (string?)null },
                    logprobs = (object?)null,
                    finish_reason = finishReason,
                },
            },
            usage = new { prompt_tokens = input, completion_tokens = output, total_tokens = input + output },
            unknown_field = "kept",
        });

    public static Func<HttpContext, Task> Says(string content, string finishReason = "stop") => Json(ChatJson(content, finishReason));

    public static Func<HttpContext, Task> Json(string body, int status = 200, params (string Name, string Value)[] headers) =>
        Answers(status, "application/json", body, headers);

    public static Func<HttpContext, Task> Answers(
        int status, string contentType, string body, params (string Name, string Value)[] headers) => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        foreach (var (name, value) in headers) context.Response.Headers[name] = value;
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(body));
    };

    public static Func<HttpContext, Task> Fails(
        int status, string code = "server_error", string message = "It failed.", params (string Name, string Value)[] headers) =>
        Json(JsonSerializer.Serialize(new { error = new { message, type = code, param = (string?)null, code } }), status, headers);

    /// <summary>Sends nothing until the caller goes away.</summary>
    public static Task HangsAsync(HttpContext context) =>
        Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

    /// <summary>Breaks the connection before a byte was sent.</summary>
    public static Task ResetsAsync(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    /// <summary>Promises more than it sends: the server closes the connection when the handler returns.</summary>
    public static async Task TruncatesAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = 1_000;
        await context.Response.Body.WriteAsync("{\"id\":\"chatcmpl-1\",\"choi"u8.ToArray());
        await context.Response.Body.FlushAsync();
    }

    public static string Chunk(string content, string? finishReason = null) => JsonSerializer.Serialize(new
    {
        id = "chatcmpl-1",
        @object = "chat.completion.chunk",
        created = 1_700_000_000,
        model = "gpt-upstream-2026",
        choices = new[] { new
        {
            index = 0,
            delta = finishReason is null ? new { role = "assistant", content } : (object)new { },
            finish_reason = finishReason,
        } },
    });

    public const string UsageChunk =
        """{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16}}""";

    /// <summary>Streams chunks, each flushed; ends as it is told.</summary>
    public static Func<HttpContext, Task> Streams(IEnumerable<string> chunks, bool done = true, Func<HttpContext, Task>? end = null) =>
        async context =>
    {
        context.Response.ContentType = "text/event-stream";
        context.Features.Get<IHttpResponseBodyFeature>()!.DisableBuffering();
        foreach (var chunk in chunks) await SendAsync(context, $"data: {chunk}\n\n");
        if (done) await SendAsync(context, "data: [DONE]\n\n");
        if (end is not null) await end(context);
    };

    /// <summary>A good stream of so many words, so many a second.</summary>
    public static Func<HttpContext, Task> StreamsAtAPace(int words, int perSecond) => async context =>
    {
        context.Response.ContentType = "text/event-stream";
        context.Features.Get<IHttpResponseBodyFeature>()!.DisableBuffering();
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        var began = TimeProvider.System.GetTimestamp();
        for (var sent = 0; sent < words && await beat.WaitForNextTickAsync(context.RequestAborted);)
        {
            var due = Math.Min(words, (int)(TimeProvider.System.GetElapsedTime(began).TotalSeconds * perSecond) + 1);
            for (; sent < due; sent++) await SendAsync(context, $"data: {Chunk($"word{sent} ")}\n\n");
        }

        foreach (var end in (string[])[Chunk("", "stop"), UsageChunk, "[DONE]"]) await SendAsync(context, $"data: {end}\n\n");
    };

    /// <summary>A good stream of words.</summary>
    public static Func<HttpContext, Task> StreamsWords(params string[] words) =>
        Streams([.. words.Select(word => Chunk(word)), Chunk("", "stop"), UsageChunk]);

    public static async Task SendAsync(HttpContext context, string text)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text));
        await context.Response.Body.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task RunAsync(HttpContext context)
    {
        var isCounted = 0;
        Interlocked.Increment(ref _underWay);
        using var gone = context.RequestAborted.Register(CountAborted);
        try
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            _received.Enqueue(new ReceivedCall(
                context.Request.Path.Value!, context.Request.Protocol, context.Connection.Id, body,
                context.Request.Headers.ToDictionary(one => one.Key, one => one.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            await (_script.TryDequeue(out var behaviour) ? behaviour : Otherwise)(context);
        }
        finally
        {
            // The same cancellation may end a behavior before this registration runs.
            if (context.RequestAborted.IsCancellationRequested) CountAborted();
            Interlocked.Decrement(ref _underWay);
        }

        void CountAborted()
        {
            if (Interlocked.Exchange(ref isCounted, 1) == 0) Interlocked.Increment(ref _aborted);
        }
    }
}
