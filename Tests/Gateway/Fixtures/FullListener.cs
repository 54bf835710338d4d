using System.Net;
using System.Net.Sockets;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>A server with a full backlog that accepts no connections, so nobody can connect.</summary>
internal sealed class FullListener : IDisposable
{
    private readonly Socket _listener = NewSocket();
    private readonly List<Socket> _waiting = [];

    public FullListener()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(backlog: 0);
        for (var i = 0; i < 8; i++)
        {
            var socket = NewSocket();
            socket.Blocking = false;
            try
            {
                socket.Connect(_listener.LocalEndPoint!);
            }
            catch (SocketException underWay) when (underWay.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // It waits, which is what it is for.
            }

            _waiting.Add(socket);
        }
    }

    public Uri Address => new($"http://{_listener.LocalEndPoint}/v1");

    public void Dispose()
    {
        foreach (var socket in _waiting) socket.Dispose();
        _listener.Dispose();
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
}
