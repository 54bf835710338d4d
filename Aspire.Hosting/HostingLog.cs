using Microsoft.Extensions.Logging;

namespace AiPlatform.Hosting;

/// <summary>What the package says in the log of a resource.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(9001, LogLevel.Warning, "The append-only file {Manifest} could not be checked: {Reason}")]
    public static partial void AppendOnlyFileUnchecked(ILogger logger, string manifest, string reason);

    [LoggerMessage(9003, LogLevel.Error, "The connection string is not known: {Reason}")]
    public static partial void NotStarted(ILogger logger, string reason);
}
