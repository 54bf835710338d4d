using System.Diagnostics.Tracing;

namespace AiPlatform.Tests.EndToEnd.Outgoing;

/// <summary>
/// Records a process' name lookups and connections from the runtime's events. It uses only the runtime, because it is loaded first.
/// </summary>
internal sealed class ConnectionListener : EventListener
{
    /// <summary>The environment variable that names the file.</summary>
    public const string FileVariable = "AI_TEST_CONNECTIONS";

    private readonly Lock _gate = new();
    private readonly string _file;

    public ConnectionListener(string file)
    {
        _file = file;
        // Sources that were there before this line had no file yet.
        foreach (var source in EventSource.GetSources()) OnEventSourceCreated(source);
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (_file is not null && eventSource.Name is "System.Net.Sockets" or "System.Net.NameResolution")
            EnableEvents(eventSource, EventLevel.Informational);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName is not ("ConnectStart" or "ResolutionStart")) return;
        lock (_gate) File.AppendAllText(_file, $"{eventData.EventName} {eventData.Payload?[0]}\n");
    }
}
