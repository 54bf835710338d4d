using AiPlatform.Jobs.Leasing;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Jobs.Telemetry;

/// <summary>Log events 1000 to 1999. Their names are fixed; none carries a prompt, a key or an output.</summary>
internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Warning, "Leasing from {Queue} pauses: {Reason}")]
    public static partial void LeasingPaused(ILogger logger, QueueName queue, string reason);

    [LoggerMessage(1001, LogLevel.Information, "Leasing from {Queue} goes on")]
    public static partial void LeasingResumed(ILogger logger, QueueName queue);

    [LoggerMessage(1002, LogLevel.Warning, "Run {Attempt} of {JobId} failed with {Code}: {Released}")]
    public static partial void RunFailed(ILogger logger, JobId jobId, int attempt, string code, ReleaseOutcome released);

    [LoggerMessage(1003, LogLevel.Error, "Run {Attempt} of {JobId} threw")]
    public static partial void RunThrew(ILogger logger, Exception exception, JobId jobId, int attempt);

    [LoggerMessage(1004, LogLevel.Debug, "Run {Attempt} of {JobId} was stopped: {Reason}")]
    public static partial void RunStopped(ILogger logger, JobId jobId, int attempt, StopReason reason);

    [LoggerMessage(1005, LogLevel.Information, "The result of run {Attempt} of {JobId} was refused: its lease was lost or the job had ended")]
    public static partial void ResultNotWanted(ILogger logger, JobId jobId, int attempt);

    [LoggerMessage(1006, LogLevel.Error, "Run {Attempt} of {JobId} could not be dispatched or committed; its lease brings it back")]
    public static partial void DispatchFailed(ILogger logger, Exception exception, JobId jobId, int attempt);

    [LoggerMessage(1007, LogLevel.Warning, "{Jobs} leases of {Queue} could not be renewed: {Reason}")]
    public static partial void RenewFailed(ILogger logger, QueueName queue, int jobs, string reason);

    [LoggerMessage(1008, LogLevel.Information, "Swept {Queue}: {Requeued} lost leases requeued, {Failed} jobs failed, {Expired} expired, {RetriesDue} retries due")]
    public static partial void Swept(ILogger logger, QueueName queue, int requeued, int failed, int expired, int retriesDue);

    [LoggerMessage(1009, LogLevel.Warning, "Sweeping pauses: {Reason}")]
    public static partial void SweepFailed(ILogger logger, string reason);

    [LoggerMessage(1010, LogLevel.Information, "Stopping: {Jobs} jobs may finish within {Limit}")]
    public static partial void Draining(ILogger logger, int jobs, TimeSpan limit);

    [LoggerMessage(1011, LogLevel.Warning, "Cannot listen on {Channel} yet: {Reason}")]
    public static partial void SubscribeFailed(ILogger logger, string channel, string reason);

    [LoggerMessage(1012, LogLevel.Warning, "An entry of the worker catalog cannot be read and is left out: {Reason}")]
    public static partial void CatalogEntryUnreadable(ILogger logger, string reason);

    [LoggerMessage(1013, LogLevel.Warning, "Run {Attempt} of {JobId} is alone in this process: earlier ones lost their worker")]
    public static partial void RunsAlone(ILogger logger, JobId jobId, int attempt);

    [LoggerMessage(1014, LogLevel.Debug, "How far {JobId} is could not be said: {Reason}")]
    public static partial void ProgressNotSaid(ILogger logger, JobId jobId, string reason);

    [LoggerMessage(1015, LogLevel.Warning, "What tenants used cannot be written for now, it is kept in memory: {Reason}")]
    public static partial void UsageNotWritten(ILogger logger, string reason);

    [LoggerMessage(1016, LogLevel.Warning, "{Jobs} jobs of {Queue} were stored by a newer version and are left for its workers: upgrade this one")]
    public static partial void NewerJobs(ILogger logger, int jobs, QueueName queue);
}
