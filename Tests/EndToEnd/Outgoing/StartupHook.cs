using System.Diagnostics.Tracing;
using AiPlatform.Tests.EndToEnd.Outgoing;

/// <summary>
/// What the runtime runs in a process of the platform before its Main (<c>DOTNET_STARTUP_HOOKS</c> names this assembly): from then on every
/// look-up of a name and every connection that the process opens is a line of a file.
/// </summary>
internal static class StartupHook
{
    // The listener lives as long as the process.
    private static EventListener? _listener;

    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(ConnectionListener.FileVariable) is { } file) _listener ??= new ConnectionListener(file);
    }
}
