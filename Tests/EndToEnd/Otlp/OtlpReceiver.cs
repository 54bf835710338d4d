using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Otlp;

/// <summary>A small OTLP receiver over real HTTP: protobuf on HTTP/1.1, gRPC on HTTP/2. Keeps what it gets, as bytes.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<byte[]> _received = [];
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, string>> _resources = [];
    private readonly ConcurrentQueue<OtlpSpan> _spans = [];
    private readonly ConcurrentQueue<OtlpPoint> _points = [];
    private readonly ConcurrentQueue<OtlpLog> _logs = [];

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

    /// <summary>Settings with which a process exports here, often.</summary>
    /// <param name="protocol"><c>grpc</c> or <c>http/protobuf</c>.</param>
    public (string Key, string Value)[] Settings(string protocol) =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", protocol == "grpc" ? GrpcAddress : HttpAddress), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"), ("OTEL_BLRP_SCHEDULE_DELAY", "100"), ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
    ];

    /// <summary>The attributes of who exported, for each export.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Resources => [.. _resources];

    public IReadOnlyList<OtlpSpan> Spans => [.. _spans];

    /// <summary>The one span of a trace with this name; it must be of this service and below that span.</summary>
    public OtlpSpan Of(string traceId, string name, string service, string parentId)
    {
        var span = Assert.Single(_spans, span => span.TraceId == traceId && span.Name == name);
        Assert.Equal((service, parentId), (span.Service, span.ParentId));
        return span;
    }

    public IReadOnlyList<OtlpPoint> Points => [.. _points];

    public IReadOnlyList<OtlpLog> Logs => [.. _logs];

    /// <summary>Whether any export contains the text anywhere in its bytes.</summary>
    public bool HasAnywhere(string text) => _received.Any(export => export.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task<IResult> TakeHttpAsync(string signal, HttpRequest request)
    {
        Take(signal, await ReadAsync(request));
        return Results.Bytes([], "application/x-protobuf");
    }

    private async Task TakeGrpcAsync(string signal, HttpContext context)
    {
        // A message follows a flag and its length: five bytes.
        var framed = await ReadAsync(context.Request);
        Take(signal, framed[5..]);
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private void Take(string signal, byte[] export)
    {
        _received.Enqueue(export);
        var message = WireMessage.Read(export);
        // For every signal, an export is a list with one entry for each resource.
        Keep(_resources, message.Messages(1).Select(part => OtlpAttributes.Read(part.Message(1), 1)));
        switch (signal)
        {
            case "trace" or "traces": Keep(_spans, OtlpSpan.Read(message)); break;
            case "metrics": Keep(_points, OtlpPoint.Read(message)); break;
            case "logs": Keep(_logs, OtlpLog.Read(message)); break;
        }
    }

    private static void Keep<T>(ConcurrentQueue<T> all, IEnumerable<T> more)
    {
        foreach (var one in more) all.Enqueue(one);
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await using var content = request.Headers.ContentEncoding == "gzip"
            ? new GZipStream(request.Body, CompressionMode.Decompress)
            : request.Body;
        await content.CopyToAsync(body);
        return body.ToArray();
    }
}
