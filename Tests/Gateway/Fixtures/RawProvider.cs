using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>A provider that answers each call with given bytes, which no HTTP server may send, and closes the connection.</summary>
internal sealed class RawProvider : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private volatile byte[] _answer = [];

    public RawProvider()
    {
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/v1");
        _accepting = AcceptAsync();
    }

    /// <summary>Its API, as <c>BaseUrl</c> has it.</summary>
    public Uri Address { get; }

    /// <summary>The answer to every call from now on, including the status line.</summary>
    public void Answer(byte[] answer) => _answer = answer;

    /// <param name="status">Such as <c>200 OK</c>.</param>
    /// <param name="headers">Whole lines.</param>
    /// <param name="body">Ends when the connection does.</param>
    public void Answer(string status, string[] headers, byte[] body) =>
        Answer([.. Encoding.Latin1.GetBytes($"HTTP/1.1 {status}\r\nConnection: close\r\n{string.Concat(headers.Select(header => $"{header}\r\n"))}\r\n"), .. body]);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true) serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                if (!await ReadRequestAsync(stream)) return;
                await stream.WriteAsync(_answer, _stopping.Token);
                client.Client.Shutdown(SocketShutdown.Send);
                // Closing with unread bytes would reset the connection, and the answer with it.
                while (await stream.ReadAsync(new byte[1_024], _stopping.Token) > 0) { }
            }
            catch (Exception left) when (left is IOException or OperationCanceledException or SocketException)
            {
                // The caller had enough.
            }
        }
    }

    /// <summary>The head and as much body as it promises, or its last chunk.</summary>
    private async Task<bool> ReadRequestAsync(NetworkStream stream)
    {
        var read = new List<byte>();
        var buffer = new byte[4_096];
        while (await stream.ReadAsync(buffer, _stopping.Token) is var count and > 0)
        {
            read.AddRange(buffer[..count]);
            var text = Encoding.Latin1.GetString([.. read]);
            // So a connection of HTTP/2 begins. A server that does not speak it answers this as any other bad request.
            if (text.StartsWith("PRI * HTTP/2.0\r\n\r\n", StringComparison.Ordinal)) return true;

            var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (head < 0) continue;

            var length = text.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
            var isWhole = length is null
                ? text.EndsWith("0\r\n\r\n", StringComparison.Ordinal)
                : text.Length - head - 4 >= int.Parse(length["Content-Length:".Length..], provider: null);
            if (isWhole) return true;
        }

        return false;
    }
}
