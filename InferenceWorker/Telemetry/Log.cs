namespace AiPlatform.InferenceWorker.Telemetry;

/// <summary>Log events 2000 to 2999. Their names are fixed; none carries a prompt, a key or an output.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Models run on {Device}: {Reason}")]
    public static partial void DeviceChosen(ILogger logger, string device, string reason);

    [LoggerMessage(2001, LogLevel.Information, "Model {Model} is loaded and warm after {Elapsed}")]
    public static partial void ModelLoaded(ILogger logger, string model, TimeSpan elapsed);

    [LoggerMessage(2002, LogLevel.Error, "Model {Model} could not be loaded. {Problem}")]
    public static partial void ModelRefused(ILogger logger, string model, string problem);

    [LoggerMessage(2003, LogLevel.Information, "Ready: {Loaded} models are served, {Failed} are not")]
    public static partial void ModelsReady(ILogger logger, int loaded, int failed);

    [LoggerMessage(2004, LogLevel.Critical,
        "No model could be loaded, so this worker leases no jobs. Fix the errors above")]
    public static partial void NoModels(ILogger logger);

    [LoggerMessage(2005, LogLevel.Warning, "A batch of {Rows} rows of {Model} failed and is split into halves: {Reason}")]
    public static partial void BatchFailed(ILogger logger, string model, int rows, string reason);

    [LoggerMessage(2006, LogLevel.Error, "{Model} failed on a row of {Tokens} tokens")]
    public static partial void RowFailed(ILogger logger, Exception exception, string model, int tokens);

    [LoggerMessage(2007, LogLevel.Critical, "The device thread of {Model} has died; restart the process")]
    public static partial void DeviceThreadDied(ILogger logger, Exception exception, string model);

    [LoggerMessage(2008, LogLevel.Warning, "Heartbeats pause: {Reason}")]
    public static partial void HeartbeatFailed(ILogger logger, string reason);

    [LoggerMessage(2010, LogLevel.Information,
        "{Model}: a short row takes {ParallelMilliseconds:0.00} ms of CPU time in {ParallelRuns} parallel runs, "
        + "{OneRunMilliseconds:0.00} ms in one run "
        + "on {Threads} threads")]
    public static partial void ParallelRunsMeasured(
        ILogger logger, string model, double parallelMilliseconds, int parallelRuns, double oneRunMilliseconds, int threads);

    [LoggerMessage(2011, LogLevel.Information,
        "{Model}: {ParallelRuns} parallel runs, each on {Threads} threads. A run takes {FixedMilliseconds:0.00} ms, and "
        + "{MicrosecondsPerToken:0.0} µs "
        + "for each token beyond {FreeTokens}; a run has rows of up to {MaxTokens} tokens together")]
    public static partial void CostMeasured(
        ILogger logger, string model, int parallelRuns, int threads, double fixedMilliseconds, double microsecondsPerToken, int freeTokens,
        int maxTokens);

    [LoggerMessage(2012, LogLevel.Warning, "A step of {Rows} rows of {Model} failed; its rows are run one by one: {Reason}")]
    public static partial void StepFailed(ILogger logger, string model, int rows, string reason);

    [LoggerMessage(2013, LogLevel.Information, "Model {Model} is no longer leased for, because its folder is gone. Its jobs may end")]
    public static partial void ModelLeaves(ILogger logger, string model);

    [LoggerMessage(2014, LogLevel.Information, "A version of model {Model} is unloaded")]
    public static partial void ModelUnloaded(ILogger logger, string model);

    [LoggerMessage(2015, LogLevel.Error, "Loading model {Model} failed in a way that was not foreseen")]
    public static partial void LoadingThrew(ILogger logger, Exception exception, string model);

    [LoggerMessage(2016, LogLevel.Warning, "Model {Model} runs on {Device}: {Reason}")]
    public static partial void ModelOnOtherDevice(ILogger logger, string model, string device, string reason);

    [LoggerMessage(2017, LogLevel.Warning,
        "{Model}: a run of {Tokens} tokens failed at warm-up, so runs are smaller; the device may have too little memory. {Reason}")]
    public static partial void RunTooLarge(ILogger logger, string model, int tokens, string reason);
}
