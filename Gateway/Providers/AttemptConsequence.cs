namespace AiPlatform.Gateway.Providers;

/// <summary>What follows from a failed attempt.</summary>
internal enum AttemptConsequence
{
    /// <summary>The same may succeed later: again after a pause, then the fallback.</summary>
    Retry,

    /// <summary>The provider may have worked on it, and be paid for each try: the fallback; once again only where there is none.</summary>
    RetryOnce,

    /// <summary>This provider will not do it: the fallback at once.</summary>
    Fallback,

    /// <summary>Nobody will do it: the request itself is wrong, or the call's time is over.</summary>
    Final,
}
