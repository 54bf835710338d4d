using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>
/// A provider behind TLS, as hosted ones are: it speaks HTTP/2 and HTTP/1.1, as its caller chooses. A model's name says how it answers:
/// <c>mock</c> with its options <c>-latencyMILLISECONDS</c> and <c>-chunksCOUNT</c>.
/// </summary>
internal static class HttpsProvider
{
    /// <summary>The argument that runs this program as this server; the port, and the file for its certificate follow.</summary>
    public const string Role = "https-provider";

    private static readonly string Chunk = Event(new { content = "word " }, finishReason: null);

    private static readonly string End = $"{Event(new { }, "stop")}data: [DONE]\n\n";

    private static readonly byte[] Whole = JsonSerializer.SerializeToUtf8Bytes(new
    {
        id = "chatcmpl-1",
        @object = "chat.completion",
        created = 1,
        model = "mock",
        choices = new[]
        {
            new { index = 0, message = new { role = "assistant", content = "A queue keeps work in order." }, finish_reason = "stop" },
        },
        usage = new { prompt_tokens = 40, completion_tokens = 8, total_tokens = 48 },
    });

    private static int _inFlight;

    /// <summary>Runs until it is ended.</summary>
    public static async Task RunAsync(string port, string certificateFile)
    {
        using var certificate = Certificate();
        await File.WriteAllTextAsync(certificateFile, certificate.ExportCertificatePem());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, int.Parse(port, CultureInfo.InvariantCulture), listen => listen.UseHttps(certificate)));
        await using var app = builder.Build();
        app.MapGet("/healthz", () => "ok");
        app.MapGet("/stats", () => new { inflight = Volatile.Read(ref _inFlight) });
        app.MapPost("/v1/chat/completions", AnswerAsync);
        await app.RunAsync();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _inFlight);
        try
        {
            using var request = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted);
            var model = request.RootElement.GetProperty("model").GetString()!;
            if (OptionOf(model, "latency") is > 0 and var latency)
                await Task.Delay(TimeSpan.FromMilliseconds(latency), TimeProvider.System, context.RequestAborted);
            if (request.RootElement.TryGetProperty("stream", out var stream) && stream.GetBoolean())
                await StreamAsync(context, OptionOf(model, "chunks"));
            else
                await AnswerWholeAsync(context);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private static async Task AnswerWholeAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = Whole.Length;
        await context.Response.Body.WriteAsync(Whole, context.RequestAborted);
    }

    private static async Task StreamAsync(HttpContext context, int chunks)
    {
        context.Response.ContentType = "text/event-stream";
        context.Features.Get<IHttpResponseBodyFeature>()!.DisableBuffering();
        foreach (var text in Enumerable.Repeat(Chunk, chunks).Append(End))
        {
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static string Event(object delta, string? finishReason)
    {
        var chunk = JsonSerializer.Serialize(new
        {
            id = "chatcmpl-1",
            @object = "chat.completion.chunk",
            created = 1,
            model = "mock",
            choices = new[] { new { index = 0, delta, finish_reason = finishReason } },
        });
        return $"data: {chunk}\n\n";
    }

    /// <summary>The number behind <c>-NAME</c> in a model's name; 0 when there is none.</summary>
    private static int OptionOf(string model, string name) =>
        model.Split('-').FirstOrDefault(part => part.StartsWith(name, StringComparison.Ordinal)) is { } option
            ? int.Parse(option[name.Length..], CultureInfo.InvariantCulture)
            : 0;

    /// <summary>A certificate for 127.0.0.1 that is its own authority.</summary>
    public static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
