using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AiPlatform.Chaos.Processes;

/// <summary>
/// Finds TCP ports of 127.0.0.1 that nobody listens on. No port is returned twice, because its user may not listen yet, or may pause
/// listening.
/// </summary>
internal static class FreePort
{
    private static readonly ConcurrentDictionary<int, bool> Given = [];

    public static int Next()
    {
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            if (Given.TryAdd(port, true)) return port;
        }
    }
}
