using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AiPlatform.Chaos.Processes;

/// <summary>The ways in which a network can fail.</summary>
internal enum NetworkCut
{
    /// <summary>Nothing passes in either direction, and no connection is closed; sent data arrives when the cut ends.</summary>
    Frozen,

    /// <summary>
    /// The far end is gone, and the near end does not know: existing connections stay open and silent forever, new ones until the cut ends.
    /// </summary>
    HalfOpen,

    /// <summary>Connections are reset, new ones refused.</summary>
    Refused,
}

/// <summary>Forwards TCP connections on loopback, and can simulate a cut network.</summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly int _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Pair, byte> _pairs = [];
    private TcpListener _listener;
    private TaskCompletionSource _open = Opened();
    private Task _accepting;
    private bool _isListening = true;

    private TcpRelay(int target)
    {
        _target = target;
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync(_listener);
    }

    public int Port { get; }

    /// <summary>Starts one to a port of 127.0.0.1.</summary>
    public static TcpRelay To(int port) => new(port);

    public async Task CutAsync(NetworkCut cut)
    {
        Volatile.Write(ref _open, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (cut == NetworkCut.Frozen) return;

        foreach (var pair in _pairs.Keys) pair.Lose(withNearEnd: cut == NetworkCut.Refused);
        if (cut == NetworkCut.HalfOpen) return;

        _isListening = false;
        _listener.Stop();
        await _accepting;
    }

    public void Mend()
    {
        if (!_isListening)
        {
            _listener = new TcpListener(IPAddress.Loopback, Port);
            _listener.Start();
            _accepting = AcceptAsync(_listener);
            _isListening = true;
        }

        _open.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        foreach (var pair in _pairs.Keys) pair.Dispose();
        _stop.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true) _ = ForwardAsync(await listener.AcceptSocketAsync(_stop.Token));
        }
        catch (Exception stopped)
            when (stopped is SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // No more connections.
        }
    }

    private async Task ForwardAsync(Socket near)
    {
        var pair = new Pair(near);
        _pairs.TryAdd(pair, 0);
        try
        {
            await Volatile.Read(ref _open).Task.WaitAsync(_stop.Token);
            await pair.Far.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            await Task.WhenAny(PumpAsync(pair.Near, pair.Far), PumpAsync(pair.Far, pair.Near));
        }
        catch (Exception broken) when (broken is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Closed below.
        }

        if (pair.IsSilent) return;
        _pairs.TryRemove(pair, out _);
        pair.Dispose();
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and var count)
            {
                await Volatile.Read(ref _open).Task.WaitAsync(_stop.Token);
                await to.SendAsync(buffer.AsMemory(0, count), _stop.Token);
            }
        }
        catch (Exception broken) when (broken is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other direction ends with it.
        }
    }

    private sealed class Pair(Socket near) : IDisposable
    {
        public Socket Near => near;

        public Socket Far { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        /// <summary>Whether its near end stays open although its far end is gone.</summary>
        public bool IsSilent { get; private set; }

        public void Lose(bool withNearEnd)
        {
            IsSilent = !withNearEnd;
            if (withNearEnd) Reset();
            Far.Dispose();
        }

        public void Dispose()
        {
            near.Dispose();
            Far.Dispose();
        }

        /// <summary>Resets the near end at once.</summary>
        private void Reset()
        {
            try
            {
                near.LingerState = new LingerOption(true, 0);
                near.Dispose();
            }
            catch (ObjectDisposedException)
            {
                // The process has already closed it.
            }
        }
    }
}
