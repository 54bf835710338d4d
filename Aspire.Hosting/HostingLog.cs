using Microsoft.Extensions.Logging;

namespace AiPlatform.Hosting;

/// <summary>What the package says in the log of a resource.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(9001, LogLevel.Warning, "The append-only file {Manifest} could not be checked: {Reason}")]
    public static partial void AppendOnlyFileUnchecked(ILogger logger, string manifest, string reason);

    [LoggerMessage(9003, LogLevel.Error, "The connection string is not known: {Reason}")]
    public static partial void NotStarted(ILogger logger, string reason);

    [LoggerMessage(9005, LogLevel.Warning,
        "{Redis} has no append-only file: accepted jobs are lost when it ends. Start it with --appendonly yes, or turn it on with "
        + "'redis-cli CONFIG SET appendonly yes'.")]
    public static partial void NoAppendOnlyFile(ILogger logger, string redis);

    [LoggerMessage(9006, LogLevel.Information, "Whether Redis has an append-only file is not known: {Reason}")]
    public static partial void PersistenceUnknown(ILogger logger, string reason);
}
