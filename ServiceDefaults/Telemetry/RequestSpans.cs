using System.Diagnostics;
using OpenTelemetry;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// Prepares the spans of HTTP requests for export. They are named by method and route, without anything that callers wrote, such as the
/// path or a header. The probes of an orchestrator, several a second, are not exported.
/// </summary>
/// <param name="probes">The paths of the probes.</param>
internal sealed class RequestSpans(IReadOnlyCollection<string> probes) : BaseProcessor<Activity>
{
    public const string Source = "Microsoft.AspNetCore";

    private static readonly string[] WrittenByCallers =
        ["url.query", "http.request.method_original", "user_agent.original", "server.address", "server.port"];

    /// <summary>Lets ASP.NET Core write OpenTelemetry's attributes into its spans, which it does not do by default.</summary>
    public static void Fill() => AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);

    public override void OnEnd(Activity data)
    {
        if (data.Source.Name != Source) return;
        if (data.GetTagItem("url.path") is string path && probes.Contains(path))
        {
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            return;
        }

        var route = data.GetTagItem("http.route") as string;
        data.DisplayName = $"{data.GetTagItem("http.request.method")} {route}".TrimEnd();
        // Setting a tag to null removes it.
        data.SetTag("url.path", route);
        foreach (var tag in WrittenByCallers) data.SetTag(tag, null);
    }
}
