using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using AiPlatform.Tests.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>A small OTLP receiver over real HTTP: protobuf on HTTP/1.1, gRPC on HTTP/2. Keeps what it gets, as bytes.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Signal, byte[] Body)> _received = [];

    private OtlpReceiver(WebApplication app, int httpPort, int grpcPort)
    {
        _app = app;
        HttpAddress = $"http://127.0.0.1:{httpPort}";
        GrpcAddress = $"http://127.0.0.1:{grpcPort}";
    }

    public string HttpAddress { get; }

    public string GrpcAddress { get; }

    public static async Task<OtlpReceiver> StartAsync()
    {
        var (httpPort, grpcPort) = (FreePort.Next(), FreePort.Next());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenLocalhost(httpPort, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.ListenLocalhost(grpcPort, listen => listen.Protocols = HttpProtocols.Http2);
        });
        var app = builder.Build();
        var receiver = new OtlpReceiver(app, httpPort, grpcPort);
        app.MapPost("/v1/{signal}", receiver.TakeHttpAsync);
        app.MapPost("/opentelemetry.proto.collector.{signal}.v1.{service}/Export", receiver.TakeGrpcAsync);
        await app.StartAsync();
        return receiver;
    }

    /// <summary>Whether one export of a signal (<c>traces</c>, <c>metrics</c>, <c>logs</c>) holds all of these byte sequences.</summary>
    public bool Has(string signal, params byte[][] parts) =>
        _received.Any(export => export.Signal == signal && parts.All(part => export.Body.AsSpan().IndexOf(part) >= 0));

    /// <summary>Whether any export at all holds the text.</summary>
    public bool HasAnywhere(string text) => _received.Any(export => export.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task<IResult> TakeHttpAsync(string signal, HttpRequest request)
    {
        _received.Enqueue((signal, await ReadAsync(request)));
        return Results.Bytes([], "application/x-protobuf");
    }

    private async Task TakeGrpcAsync(string signal, HttpContext context)
    {
        _received.Enqueue((signal == "trace" ? "traces" : signal, await ReadAsync(context.Request)));
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await using var content = request.Headers.ContentEncoding == "gzip" ? new GZipStream(request.Body, CompressionMode.Decompress) : request.Body;
        await content.CopyToAsync(body);
        return body.ToArray();
    }
}
