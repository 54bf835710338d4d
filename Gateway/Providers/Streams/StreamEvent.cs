using System.Buffers;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>One server-sent event of a provider, parsed as the standard says.</summary>
/// <param name="Data">The text of its <c>data</c> lines; empty when they have only white space.</param>
/// <param name="Name">The value of its <c>event</c> field; empty when it has none.</param>
/// <param name="HasLines">Whether it has a line that is not blank, such as a comment.</param>
/// <param name="IsPlain">Whether it is exactly one <c>data:</c> line and a blank line, each ended by LF.</param>
internal readonly record struct StreamEvent(ReadOnlyMemory<byte> Data, ReadOnlyMemory<byte> Name, bool HasLines, bool IsPlain)
{
    /// <summary>A comment, which tells a caller that the stream is alive.</summary>
    private static ReadOnlySpan<byte> SignOfLife => ":\n\n"u8;

    public bool IsError => Name.Span.SequenceEqual("error"u8);

    public bool IsDone => Data.Span.StartsWith("[DONE]"u8);

    /// <summary>Parses one event with its blank line.</summary>
    public static StreamEvent Read(ReadOnlyMemory<byte> one)
    {
        var read = default(StreamEvent);
        ArrayBufferWriter<byte>? joined = null;
        var lines = 0;
        for (var rest = one; !rest.IsEmpty;)
        {
            var length = rest.Span.IndexOfAny((byte)'\r', (byte)'\n');
            var line = length < 0 ? rest : rest[..length];
            rest = length < 0 ? default : rest[(length + EventBuffer.LengthOfLineEnd(rest.Span[length..]))..];
            if (line.IsEmpty) continue;
            lines++;
            read = read with { HasLines = true };
            var colon = line.Span.IndexOf((byte)':');
            var name = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? default : line[(colon + 1)..];
            if (value.Span.StartsWith(" "u8)) value = value[1..];

            if (name.Span.SequenceEqual("event"u8)) read = read with { Name = value };
            else if (name.Span.SequenceEqual("data"u8)) read = read with { Data = Joined(ref joined, read.Data, value) };
        }

        if (read.Data.Span.Trim(" \t\n"u8).IsEmpty) return read with { Data = default };
        return read with
        {
            IsPlain = lines == 1 && one.Span.EndsWith("\n\n"u8) && one.Span.StartsWith("data:"u8)
                && LengthOfPrefix(one) + read.Data.Length + 2 == one.Length,
        };
    }

    /// <summary>Rewrites the event in place to a form that every SDK reads: a single line of data.</summary>
    /// <param name="one">The event's bytes.</param>
    public Memory<byte> WriteTo(Memory<byte> one)
    {
        if (IsPlain) return one;
        if (Data.IsEmpty) return WriteSignOfLife(one);

        // There is a space after the colon if there is room for it.
        var prefix = "data: "u8[..Math.Min(6, one.Length - Data.Length - 2)];
        var said = one.Slice(prefix.Length, Data.Length);
        Data.CopyTo(said);
        // A line break in JSON is white space.
        said.Span.Replace((byte)'\n', (byte)' ');
        prefix.CopyTo(one.Span);
        "\n\n"u8.CopyTo(one.Span[(prefix.Length + Data.Length)..]);
        return one[..(prefix.Length + Data.Length + 2)];
    }

    /// <summary>Rewrites the event in place to a comment; to nothing if it has only blank lines.</summary>
    public Memory<byte> WriteSignOfLife(Memory<byte> one)
    {
        if (!HasLines) return default;
        SignOfLife.CopyTo(one.Span);
        return one[..SignOfLife.Length];
    }

    private static int LengthOfPrefix(ReadOnlyMemory<byte> one) => one.Span.StartsWith("data: "u8) ? 6 : 5;

    /// <summary>Appends a line to the data so far. Even with many lines, each line is copied about once.</summary>
    private static ReadOnlyMemory<byte> Joined(ref ArrayBufferWriter<byte>? joined, ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> line)
    {
        if (data.IsEmpty) return line;
        if (joined is null)
        {
            joined = new ArrayBufferWriter<byte>(data.Length + line.Length + 1);
            joined.Write(data.Span);
        }

        joined.Write("\n"u8);
        joined.Write(line.Span);
        return joined.WrittenMemory;
    }
}
