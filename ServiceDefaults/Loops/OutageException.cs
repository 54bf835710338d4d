namespace AiPlatform.ServiceDefaults.Loops;

/// <summary>Something that the process needs does not serve now. Its callers wait and try again; it is never a bug.</summary>
public class OutageException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Only what was asked for is not served: a call about something else may be.</summary>
    public bool IsPartial { get; init; }
}
