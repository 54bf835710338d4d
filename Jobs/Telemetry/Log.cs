using Microsoft.Extensions.Logging;

namespace AiPlatform.Jobs.Telemetry;

/// <summary>Log events 1000 to 1999. Their names are fixed; none carries a prompt, a key or an output.</summary>
internal static partial class Log
{
    [LoggerMessage(1002, LogLevel.Warning, "Run {Attempt} of {JobId} failed with {Code}: {Released}")]
    public static partial void RunFailed(ILogger logger, JobId jobId, int attempt, string code, ReleaseOutcome released);

    [LoggerMessage(1003, LogLevel.Error, "Run {Attempt} of {JobId} threw")]
    public static partial void RunThrew(ILogger logger, Exception exception, JobId jobId, int attempt);

    [LoggerMessage(1004, LogLevel.Debug, "Run {Attempt} of {JobId} was stopped: {Reason}")]
    public static partial void RunStopped(ILogger logger, JobId jobId, int attempt, StopReason reason);

    [LoggerMessage(
        1005, LogLevel.Information, "The result of run {Attempt} of {JobId} was refused, because its lease was lost or the job had ended")]
    public static partial void ResultNotWanted(ILogger logger, JobId jobId, int attempt);

    [LoggerMessage(
        1006, LogLevel.Error, "Run {Attempt} of {JobId} could not be dispatched or committed; it will run again when its lease expires")]
    public static partial void DispatchFailed(ILogger logger, Exception exception, JobId jobId, int attempt);

    [LoggerMessage(1008, LogLevel.Information,
        "Swept {Queue}: {Requeued} lost leases requeued, {Failed} jobs failed, {Expired} expired, {RetriesDue} retries due")]
    public static partial void Swept(ILogger logger, QueueName queue, int requeued, int failed, int expired, int retriesDue);

    [LoggerMessage(1010, LogLevel.Information, "Stopping: {Jobs} jobs may finish within {Limit}")]
    public static partial void Draining(ILogger logger, int jobs, TimeSpan limit);

    [LoggerMessage(1012, LogLevel.Warning, "An entry of the worker catalog cannot be read and is ignored: {Reason}")]
    public static partial void CatalogEntryUnreadable(ILogger logger, string reason);

    [LoggerMessage(
        1013, LogLevel.Warning, "Run {Attempt} of {JobId} is the only one in this process, because its worker died in earlier runs")]
    public static partial void RunsAlone(ILogger logger, JobId jobId, int attempt);

    [LoggerMessage(1014, LogLevel.Debug, "The progress of {JobId} could not be stored: {Reason}")]
    public static partial void ProgressNotSaid(ILogger logger, JobId jobId, string reason);

    [LoggerMessage(
        1015, LogLevel.Error, "{JobId} is damaged ({Reason}). It has failed, and its queue's list of broken jobs has a copy")]
    public static partial void PutAside(ILogger logger, JobId jobId, string reason);

    [LoggerMessage(
        1016, LogLevel.Warning, "{Jobs} jobs of {Queue} were stored by a newer version and are left to its workers: upgrade this one")]
    public static partial void NewerJobs(ILogger logger, int jobs, QueueName queue);

    [LoggerMessage(
        1017, LogLevel.Debug, "This process' offer to {Queue} was not withdrawn: {Reason}. Jobs that it gets until the offer ends go back")]
    public static partial void OfferNotWithdrawn(ILogger logger, QueueName queue, string reason);

    [LoggerMessage(1018, LogLevel.Information, "{JobId} was not given back: {Reason}. It waits for the end of its lease")]
    public static partial void NotGivenBack(ILogger logger, JobId jobId, string reason);
}
