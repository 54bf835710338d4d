using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Benchmarks.SlowModel;

/// <summary>
/// A server as one would write it without the platform: it passes a request on to a model and waits, asynchronously or blocking.
/// </summary>
internal static class SlowServer
{
    /// <summary>
    /// The argument that runs this program as this server; <see cref="Waits"/> or <see cref="Blocks"/>, the port, and the model's address
    /// follow.
    /// </summary>
    public const string Role = "slow-server";

    /// <summary>A waiting request holds no thread.</summary>
    public const string Waits = "waits";

    /// <summary>A waiting request holds a thread.</summary>
    public const string Blocks = "blocks";

    private const string ChatPath = "/v1/chat/completions";

    /// <summary>Runs until it is ended.</summary>
    public static async Task RunAsync(string way, string port, string upstream)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AllowSynchronousIO = true);
        await using var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{int.Parse(port, CultureInfo.InvariantCulture)}");
        using var http = new HttpClient { BaseAddress = new Uri($"{upstream}/") };
        app.MapGet("/health", () => "Healthy");
        app.MapPost(ChatPath, way == Blocks ? (Delegate)((HttpContext context) => AskBlocking(http, context))
            : (HttpContext context) => AskAsync(http, context));
        await app.RunAsync();
    }

    private static async Task<FileContentHttpResult> AskAsync(HttpClient http, HttpContext context)
    {
        using var call = Call(context);
        using var answer = await http.SendAsync(call, context.RequestAborted);
        return TypedResults.Bytes(await answer.Content.ReadAsByteArrayAsync(context.RequestAborted), "application/json");
    }

    private static FileContentHttpResult AskBlocking(HttpClient http, HttpContext context)
    {
        using var call = Call(context);
        using var answer = http.Send(call, context.RequestAborted);
        using var body = new MemoryStream();
        answer.Content.ReadAsStream(context.RequestAborted).CopyTo(body);
        return TypedResults.Bytes(body.ToArray(), "application/json");
    }

    private static HttpRequestMessage Call(HttpContext context) => new(HttpMethod.Post, "chat/completions")
    {
        Content = new StreamContent(context.Request.Body) { Headers = { { "Content-Type", "application/json" } } },
    };
}
