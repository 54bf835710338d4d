using System.Net;
using System.Net.Sockets;

namespace AiPlatform.Chaos.Processes;

/// <summary>A TCP port of 127.0.0.1 that nobody listened on a moment ago.</summary>
internal static class FreePort
{
    public static int Next()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
