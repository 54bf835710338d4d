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

    [LoggerMessage(103, LogLevel.Warning, "The setting {Setting} is unknown and has no effect: {Hint}")]
    public static partial void SettingUnknown(ILogger logger, string setting, string hint);

    [LoggerMessage(104, LogLevel.Warning, "The connection to Redis at {EndPoint} is lost; reconnecting: {Reason}")]
    public static partial void RedisLost(ILogger logger, string endPoint, string reason);

    [LoggerMessage(105, LogLevel.Information, "The connection to Redis at {EndPoint} is back")]
    public static partial void RedisBack(ILogger logger, string endPoint);

    [LoggerMessage(106, LogLevel.Warning, "Traces have the text of prompts and answers")]
    public static partial void ContentCaptured(ILogger logger);

    [LoggerMessage(
        107, LogLevel.Warning,
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT has no effect in {Environment}: traces have text in Development only")]
    public static partial void ContentNotCaptured(ILogger logger, string environment);
}
