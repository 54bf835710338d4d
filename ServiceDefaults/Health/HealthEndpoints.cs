using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace AiPlatform.ServiceDefaults.Health;

/// <summary>Maps <c>/health</c> (200 when ready or degraded, else 503) and <c>/alive</c> (200, or 503: restart the process).</summary>
internal static class HealthEndpoints
{
    public const string ReadyPath = "/health";
    public const string LivePath = "/alive";

    /// <summary>Quotes, pluses and letters of all languages stay as they are: the content type says that it is not HTML.</summary>
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Map(WebApplication app)
    {
        var log = new HealthLog(app.Services.GetRequiredService<ILogger<HealthLog>>());
        app.MapHealthChecks(ReadyPath, Options(HealthTags.Ready, log)).AllowAnonymous().WithMetadata(HealthProbe.Mark);
        app.MapHealthChecks(LivePath, Options(HealthTags.Live, log)).AllowAnonymous().WithMetadata(HealthProbe.Mark);
    }

    private static HealthCheckOptions Options(string tag, HealthLog log) => new()
    {
        Predicate = check => check.Tags.Contains(tag),
        ResponseWriter = (context, report) =>
        {
            log.Note(report);
            return WriteAsync(context, report);
        },
    };

    /// <summary><c>{"status":"Healthy","version":"1.2.0+…","checks":[{"name","status","detail"}]}</c></summary>
    private static async Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(context.Response.BodyWriter, Readable);
        writer.WriteStartObject();
        writer.WriteString("status", report.Status.ToString());
        writer.WriteString("version", ProductVersion.Text);
        writer.WriteStartArray("checks");
        foreach (var (name, entry) in report.Entries)
        {
            writer.WriteStartObject();
            writer.WriteString("name", name);
            writer.WriteString("status", entry.Status.ToString());
            writer.WriteString("detail", entry.Description);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}

/// <summary>Marks the health routes, which an orchestrator probes under any address.</summary>
public sealed class HealthProbe
{
    internal static HealthProbe Mark { get; } = new();
}

/// <summary>The endpoint of a health check.</summary>
public static class HealthTags
{
    /// <summary><c>/health</c>: if this fails, send no requests here.</summary>
    public const string Ready = "ready";

    /// <summary><c>/alive</c>: if this fails, restart the process.</summary>
    public const string Live = "live";
}
