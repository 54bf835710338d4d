using System.Globalization;
using System.Net;

namespace AiPlatform.Tests.EndToEnd.Outgoing;

/// <summary>The sockets of a process, as the kernel knows them: also those of native code, of which the runtime tells nothing.</summary>
internal static class OpenSockets
{
    private const int LocalAddress = 1;
    private const int RemoteAddress = 2;
    private const int State = 3;
    private const int Inode = 9;
    private const string Listens = "0A";

    /// <summary>The remote addresses of connections that a process has opened itself.</summary>
    /// <param name="processId">It may end meanwhile.</param>
    /// <param name="ownPort">The port that it listens on; connections to this port were opened by others.</param>
    public static IEnumerable<IPEndPoint> Of(int processId, int ownPort)
    {
        HashSet<string> inodes =
        [
            .. Directory.EnumerateFiles($"/proc/{processId}/fd").Select(Target).OfType<string>()
                .Where(target => target.StartsWith("socket:[", StringComparison.Ordinal)).Select(target => target[8..^1]),
        ];
        return ((string[])["tcp", "tcp6", "udp", "udp6"])
            .SelectMany(table => File.ReadLines($"/proc/{processId}/net/{table}").Skip(1))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(row => inodes.Contains(row[Inode]) && row[State] != Listens && Parse(row[LocalAddress]).Port != ownPort)
            .Select(row => Parse(row[RemoteAddress]))
            .ToList();
    }

    /// <summary>What a descriptor is; null when it was closed since it was listed.</summary>
    private static string? Target(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.Name;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary><c>0100007F:1F90</c>: words of an address as the machine has them in memory, and the port.</summary>
    private static IPEndPoint Parse(string text)
    {
        var parts = text.Split(':');
        var bytes = Convert.FromHexString(parts[0]);
        for (var word = 0; word < bytes.Length; word += 4) Array.Reverse(bytes, word, 4);
        var address = new IPAddress(bytes);
        var port = int.Parse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
    }
}
