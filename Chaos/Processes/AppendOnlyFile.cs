using System.Buffers.Text;
using System.Globalization;

namespace AiPlatform.Chaos.Processes;

/// <summary>The append-only file of a redis-server that never rewrites it, which has every write in order.</summary>
internal static class AppendOnlyFile
{
    /// <summary>The path of the file that is written to.</summary>
    /// <param name="folder">The server's working directory.</param>
    public static string PathIn(string folder)
    {
        var parts = Directory.GetFiles(Path.Combine(folder, "appendonlydir"), "*.incr.aof");
        return parts is [var only]
            ? only
            : throw new InvalidOperationException($"The append-only file has {parts.Length} parts; one is expected.");
    }

    /// <summary>Its commands, each with its arguments. A partly written command at the end of the file is left out.</summary>
    public static IEnumerable<byte[][]> Read(string folder)
    {
        var bytes = ReadShared(PathIn(folder));
        var at = 0;
        while (TryReadCommand(bytes, ref at, out var command)) yield return command;
    }

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static bool TryReadCommand(byte[] bytes, ref int at, out byte[][] command)
    {
        command = [];
        if (!TryReadLength(bytes, ref at, '*', out var count)) return false;

        command = new byte[count][];
        for (var i = 0; i < count; i++)
        {
            if (!TryReadLength(bytes, ref at, '$', out var length) || at + length + 2 > bytes.Length) return false;
            command[i] = bytes[at..(at + length)];
            at += length + 2;
        }

        return true;
    }

    private static bool TryReadLength(byte[] bytes, ref int at, char mark, out int length)
    {
        length = 0;
        var end = Array.IndexOf(bytes, (byte)'\n', at);
        if (end < 0) return false;
        if (bytes[at] != mark || !Utf8Parser.TryParse(bytes.AsSpan(at + 1, end - at - 2), out length, out _))
            throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"The append-only file has no '{mark}' at byte {at}."));

        at = end + 1;
        return true;
    }
}
