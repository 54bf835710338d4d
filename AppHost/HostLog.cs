using Microsoft.Extensions.Logging;

namespace AiPlatform.AppHost;

/// <summary>What AppHost says in the log of a step.</summary>
internal static partial class HostLog
{
    [LoggerMessage(9002, LogLevel.Debug, "{Program}: {Line}")]
    public static partial void ProgramSaid(ILogger logger, string program, string line);

    [LoggerMessage(9004, LogLevel.Information, "{What}")]
    public static partial void Published(ILogger logger, string what);
}
