using Microsoft.Extensions.Logging;

namespace AiPlatform.AppHost;

/// <summary>What AppHost says in the log of a resource or of a step.</summary>
internal static partial class HostLog
{
    [LoggerMessage(9001, LogLevel.Warning, "The append-only file {Manifest} could not be checked: {Reason}")]
    public static partial void AppendOnlyFileUnchecked(ILogger logger, string manifest, string reason);

    [LoggerMessage(9002, LogLevel.Debug, "{Program}: {Line}")]
    public static partial void ProgramSaid(ILogger logger, string program, string line);
}
