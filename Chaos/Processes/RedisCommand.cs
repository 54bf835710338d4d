using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace AiPlatform.Chaos.Processes;

/// <summary>
/// One command to one redis-server on a connection of its own. A client library routes and refuses commands by the role that it assumes for
/// a server, but a command that changes a server must reach exactly this one.
/// </summary>
internal static class RedisCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <returns>
    /// Its reply as text: a bulk or simple string, a number, an array's parts in lines, or an error with its leading <c>-</c>.
    /// </returns>
    /// <exception cref="IOException">There was no reply.</exception>
    public static async Task<string> SendAsync(int port, params string[] command)
    {
        using var enough = new CancellationTokenSource(Patience, TimeProvider.System);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, enough.Token);
            var stream = client.GetStream();
            var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"*{command.Length}\r\n");
            foreach (var part in command) text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(part)}\r\n{part}\r\n");
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), enough.Token);
            using var reader = new StreamReader(stream, Encoding.UTF8);
            return await ReadAsync(reader, enough.Token);
        }
        catch (Exception silent) when (silent is SocketException or OperationCanceledException)
        {
            throw new IOException($"Redis on port {port} did not answer {command[0]}.", silent);
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var line = await reader.ReadLineAsync(cancellationToken) ?? throw new IOException("Redis closed the connection.");
        switch (line[0])
        {
            case '$' when line != "$-1":
                var bulk = new char[int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture)];
                await reader.ReadBlockAsync(bulk, cancellationToken);
                await reader.ReadLineAsync(cancellationToken);
                return new string(bulk);
            case '*':
                var parts = new List<string>();
                var count = int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
                while (parts.Count < count) parts.Add(await ReadAsync(reader, cancellationToken));
                return string.Join('\n', parts);
            case '-':
                return line;
            default:
                return line[1..];
        }
    }
}
