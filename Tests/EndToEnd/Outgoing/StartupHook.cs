using System.Diagnostics.Tracing;
using AiPlatform.Tests.EndToEnd.Outgoing;

/// <summary>
/// The runtime runs this in a process of the platform before its Main, because <c>DOTNET_STARTUP_HOOKS</c> names this assembly. It writes a
/// line to a file for every look-up of a name and every connection that the process opens.
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
