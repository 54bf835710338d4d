using System.Net;
using System.Net.Http.Json;
using System.Text;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>Traces, metrics and logs of both processes arrive over the wire, and what users wrote does not.</summary>
public sealed class TelemetryTests
{
    private const string Canary = "the canary sings of 4711";
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task Export_OneRequest_IsOneTraceOfBothProcesses(string protocol)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var sut = await Platform.StartAsync(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", protocol == "grpc" ? receiver.GrpcAddress : receiver.HttpAddress),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"), ("OTEL_BLRP_SCHEDULE_DELAY", "100"), ("OTEL_METRIC_EXPORT_INTERVAL", "200"));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/embeddings")
        {
            Content = JsonContent.Create(new { model = Platform.Model, input = Canary }),
            Headers = { { "traceparent", $"00-{TraceId}-00f067aa0ba902b7-01" } },
        };

        using var reply = await sut.Http.SendAsync(request, Ct);

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        var trace = Convert.FromHexString(TraceId);
        await UntilAsync(receiver, "traces", trace, Utf8("gateway"), Utf8("submit all-minilm-l6-v2"));
        await UntilAsync(receiver, "traces", trace, Utf8("inference-worker"), Utf8("process all-minilm-l6-v2"));
        await UntilAsync(receiver, "metrics", Utf8("gateway"), Utf8("http.server.request.duration"));
        foreach (var metric in WorkerMetrics) await UntilAsync(receiver, "metrics", Utf8("inference-worker"), Utf8(metric));
        foreach (var metric in GatewayMetrics) await UntilAsync(receiver, "metrics", Utf8("gateway"), Utf8(metric));
        await UntilAsync(receiver, "logs", Utf8("gateway"));
        await UntilAsync(receiver, "logs", Utf8("inference-worker"));
        Assert.False(receiver.HasAnywhere("the canary sings"));
        Assert.DoesNotContain(Canary, sut.Gateway.LogText, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, sut.Worker.LogText, StringComparison.Ordinal);
    }

    private static string[] WorkerMetrics => Documented("inference-worker");

    private static string[] GatewayMetrics => Documented("gateway");

    /// <summary>The metrics that docs/operations.md names for a process: rows <c>| `name` | process | …</c>.</summary>
    private static string[] Documented(string process)
    {
        var rows = File.ReadLines(Path.Combine(Checkout.Root, "docs", "operations.md"))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(row => row.Length > 3 && row[1].StartsWith("`aiplatform.", StringComparison.Ordinal) && row[2].Split(", ").Contains(process))
            .Select(row => row[1].Trim('`')).ToArray();
        Assert.NotEmpty(rows);
        return rows;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static Task UntilAsync(OtlpReceiver receiver, string signal, params byte[][] parts) => Poll.UntilAsync(
        () => receiver.Has(signal, parts), $"{signal} with {string.Join(", ", parts.Select(part => Encoding.Latin1.GetString(part)))}");
}
