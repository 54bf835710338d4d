using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>
/// A proxy as one would write it without the platform: it passes a request on to a model with HttpClient, and the answer back as it comes.
/// It checks, counts and limits nothing, so it is the least that a proxy in .NET costs.
/// </summary>
internal static class PassThrough
{
    /// <summary>
    /// The argument that runs this program as this server; <see cref="Waits"/> or <see cref="Blocks"/>, the port, and the model's address
    /// follow.
    /// </summary>
    public const string Role = "pass-through";

    /// <summary>A waiting request holds no thread.</summary>
    public const string Waits = "waits";

    /// <summary>A waiting request holds a thread.</summary>
    public const string Blocks = "blocks";

    private const string ChatPath = "/v1/chat/completions";

    /// <summary>The Gateway's budget of the youngest generation, so that both collect garbage alike.</summary>
    private static readonly (string, string) Collector = ("DOTNET_GCgen0MaxBudget", "400000");

    /// <summary>Started with <paramref name="launcher"/>, once it answers.</summary>
    public static Task<ChildProcess> StartAsync(
        string way, int port, MockProvider provider, IReadOnlyList<string> launcher, CancellationToken cancellationToken)
    {
        string[] command = [.. launcher, "dotnet", Checkout.Program("Benchmarks"), Role, way, $"{port}", provider.Address];
        return ChildProcess.Start(command[0], command[1..], Collector).OnceAsync(
            process => Waiting.UntilOkAsync(process, port, "/health", cancellationToken));
    }

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
        app.MapPost(ChatPath, way == Blocks ? context => PassBlocking(http, context) : context => PassAsync(http, context));
        await app.RunAsync();
    }

    private static async Task PassAsync(HttpClient http, HttpContext context)
    {
        using var call = Call(context);
        using var answer = await http.SendAsync(call, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        TakeHeaders(answer, context.Response);
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static Task PassBlocking(HttpClient http, HttpContext context)
    {
        using var call = Call(context);
        using var answer = http.Send(call, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        TakeHeaders(answer, context.Response);
        answer.Content.CopyTo(context.Response.Body, context: null, context.RequestAborted);
        return Task.CompletedTask;
    }

    private static void TakeHeaders(HttpResponseMessage answer, HttpResponse response)
    {
        response.StatusCode = (int)answer.StatusCode;
        response.ContentType = answer.Content.Headers.ContentType?.ToString();
        response.ContentLength = answer.Content.Headers.ContentLength;
    }

    private static HttpRequestMessage Call(HttpContext context) => new(HttpMethod.Post, "chat/completions")
    {
        Content = new StreamContent(context.Request.Body) { Headers = { { "Content-Type", "application/json" } } },
    };
}
