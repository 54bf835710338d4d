namespace AiPlatform.Client.Http;

/// <summary>How long a request waits for the head of its answer, and whether it is sent again.</summary>
/// <param name="Head">How long the head may take.</param>
/// <param name="Timeout">What <see cref="AiPlatformClientOptions.Timeout"/> does.</param>
/// <param name="IsAskedOnce">Whether it is not sent again.</param>
internal sealed record CallBounds(TimeSpan Head, TimeoutUse Timeout, bool IsAskedOnce = false)
{
    public static readonly HttpRequestOptionsKey<CallBounds> Key = new("AiPlatform.Bounds");

    /// <summary>Calls of models: the Gateway takes a minute for them, unless it is told otherwise.</summary>
    public static readonly CallBounds Call = new(TimeSpan.FromMinutes(2), TimeoutUse.ReplacesHead);

    /// <summary>Streams of models, which begin with the first token. The Gateway takes 10 minutes for them.</summary>
    public static readonly CallBounds Stream = new(TimeSpan.FromMinutes(11), TimeoutUse.ReplacesHead);

    /// <summary>Calls about jobs, which the Gateway answers at once.</summary>
    public static readonly CallBounds Job = new(TimeSpan.FromSeconds(30), TimeoutUse.Limits);

    public static readonly CallBounds Events = new(TimeSpan.FromSeconds(30), TimeoutUse.None);

    public static readonly CallBounds Health = new(TimeSpan.FromSeconds(5), TimeoutUse.None, IsAskedOnce: true);

    /// <summary>A request that waits at the Gateway.</summary>
    public static CallBounds Wait(TimeSpan wait) => new(wait + Job.Head, TimeoutUse.None);
}

/// <summary>What the timeout of the options does to a request.</summary>
internal enum TimeoutUse
{
    None,

    /// <summary>It limits the whole call, in which the head has its own bound.</summary>
    Limits,

    /// <summary>It limits the whole call, and the head may take as long.</summary>
    ReplacesHead,
}
