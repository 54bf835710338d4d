namespace AiPlatform.Jobs.Store;

/// <summary>
/// Lets calls to the store that a thread makes one after another share a round trip and the fixed cost of a script: the rows of a language
/// model write their texts at the same moment.
/// </summary>
public static class SharedCalls
{
    /// <summary>What this thread sends when it has made its calls; null while each call is sent at once.</summary>
    [ThreadStatic]
    private static List<Action>? _held;

    /// <summary>
    /// Makes calls. Those of a kind that another thread would send at once are sent when <paramref name="calls"/> returns, or throws. Only
    /// calls that it makes before it first waits are held, so it must not wait for their results.
    /// </summary>
    public static void Make(Action calls)
    {
        ArgumentNullException.ThrowIfNull(calls);
        if (_held is not null)
        {
            calls();
            return;
        }

        List<Action> held = [];
        _held = held;
        try
        {
            calls();
        }
        finally
        {
            _held = null;
            foreach (var send in held) send();
        }
    }

    /// <summary>Keeps a send for the end of <see cref="Make"/>; false where this thread is not inside it.</summary>
    internal static bool TryHold(Action send)
    {
        if (_held is not { } held) return false;
        held.Add(send);
        return true;
    }
}
