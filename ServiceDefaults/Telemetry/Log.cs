using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>Log events 101 to 199. Their names are fixed.</summary>
internal static partial class Log
{
    [LoggerMessage(101, LogLevel.Information, "Started in {Environment}, listening on {Addresses}, version {Version}")]
    public static partial void Started(ILogger logger, string environment, string addresses, string version);

    [LoggerMessage(EventId = 102, Message = "Health check {Check} is {Status}: {Detail}")]
    public static partial void HealthChanged(ILogger logger, LogLevel level, string check, HealthStatus status, string? detail);
}
