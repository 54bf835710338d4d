using System.Diagnostics;
using AiPlatform.ServiceDefaults.Health;
using OpenTelemetry;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>Keeps the spans of health probes, several a second from an orchestrator, out of the export.</summary>
internal sealed class HealthPathFilter : BaseProcessor<Activity>
{
    public override void OnEnd(Activity data)
    {
        if (data.GetTagItem("url.path") is string path && path is HealthEndpoints.ReadyPath or HealthEndpoints.LivePath)
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
    }
}
