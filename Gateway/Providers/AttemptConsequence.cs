namespace AiPlatform.Gateway.Providers;

/// <summary>What follows from a failed attempt.</summary>
internal enum AttemptConsequence
{
    /// <summary>The same may succeed later: again after a pause, then the fallback.</summary>
    Retry,

    /// <summary>This provider will not do it: the fallback at once.</summary>
    Fallback,

    /// <summary>Nobody will do it: the request itself is wrong.</summary>
    Final,
}
