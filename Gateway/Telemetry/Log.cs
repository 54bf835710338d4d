namespace AiPlatform.Gateway.Telemetry;

/// <summary>Log events 2000 to 2999. Their names are fixed; none carries a prompt, a key or an output.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Debug, "{Method} {Path}: the client disconnected")]
    public static partial void ClientGone(ILogger logger, string method, string path);

    [LoggerMessage(2001, LogLevel.Error, "{Method} {Path} failed unexpectedly")]
    public static partial void RequestFailed(ILogger logger, Exception exception, string method, string path);

    [LoggerMessage(2002, LogLevel.Debug, "{Method} {Path} was refused because the queue is unavailable: {Reason}")]
    public static partial void QueueAway(ILogger logger, string method, string path, string reason);

    [LoggerMessage(2003, LogLevel.Debug, "{JobId} was canceled, because its client disconnected while it was {Status}")]
    public static partial void CanceledForClient(ILogger logger, string jobId, string status);

    [LoggerMessage(2004, LogLevel.Warning, "{JobId} could not be canceled after its client disconnected: {Reason}")]
    public static partial void CancelFailed(ILogger logger, string jobId, string reason);

    [LoggerMessage(2006, LogLevel.Information, "The model catalog has {Models} models and {Workers} workers")]
    public static partial void CatalogRead(ILogger logger, int models, int workers);

    [LoggerMessage(2007, LogLevel.Warning, "A model in the catalog is ignored, because no queue can have its name of {Length} characters")]
    public static partial void ModelNameUnusable(ILogger logger, int length);

    [LoggerMessage(2008, LogLevel.Warning, "A message of {Bytes} bytes about an ended job cannot be read; the job will be looked up later")]
    public static partial void MessageUnreadable(ILogger logger, int bytes);

    [LoggerMessage(2009, LogLevel.Warning, "Results cannot be looked up for now: {Reason}")]
    public static partial void LookUpAway(ILogger logger, string reason);

    [LoggerMessage(2010, LogLevel.Error, "{JobId} could not be looked up; the Gateway will retry")]
    public static partial void LookUpFailed(ILogger logger, Exception exception, string jobId);

    [LoggerMessage(2011, LogLevel.Information, "Listening for results as {Gateway}")]
    public static partial void Listening(ILogger logger, string gateway);

    [LoggerMessage(2012, LogLevel.Error, "The result of {JobId} cannot be turned into an answer: {Reason}")]
    public static partial void ResultUnusable(ILogger logger, string jobId, string reason);

    [LoggerMessage(2013, LogLevel.Information, "The configuration changed: it has {Providers} providers with {Models} models")]
    public static partial void ProvidersReloaded(ILogger logger, int providers, int models);

    [LoggerMessage(2014, LogLevel.Error, "The changed configuration of providers is invalid, so the previous one stays in use: {Reasons}")]
    public static partial void ProvidersNotReloaded(ILogger logger, string reasons);

    [LoggerMessage(2050, LogLevel.Information, "The configuration changed: it has {Keys} API keys of {Tenants} tenants")]
    public static partial void KeysReloaded(ILogger logger, int keys, int tenants);

    [LoggerMessage(
        2051, LogLevel.Error,
        "The changed configuration of API keys is invalid. Tenants whose entries are wrong keep those of their last keys that are still "
        + "there: {Reasons}")]
    public static partial void KeysNotReloaded(ILogger logger, string reasons);

    [LoggerMessage(2015, LogLevel.Warning, "An attempt at {Model} of {Provider} failed: {Reason}")]
    public static partial void AttemptFailed(ILogger logger, string model, string provider, string reason);

    [LoggerMessage(2018, LogLevel.Warning, "{Model} failed with {Code}, so its next fallback is tried")]
    public static partial void LegFailed(ILogger logger, string model, string code);

    [LoggerMessage(2016, LogLevel.Debug, "{Provider} cannot be reached")]
    public static partial void ProviderUnreachable(ILogger logger, Exception exception, string provider);

    [LoggerMessage(2017, LogLevel.Debug, "The answer cache is skipped: {Reason}")]
    public static partial void CacheAway(ILogger logger, string reason);

    [LoggerMessage(2052, LogLevel.Debug, "The limits of callers cannot be counted now: {Reason}")]
    public static partial void LimitsAway(ILogger logger, string reason);

    [LoggerMessage(2040, LogLevel.Warning,
        "{Provider} refuses stream_options for {Model}: its streams are requested without usage until the configuration changes")]
    public static partial void StreamOptionsRefused(ILogger logger, string model, string provider);
}
