using System.Buffers;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>One server-sent event of a provider, read as the standard has it.</summary>
/// <param name="Data">What its <c>data</c> lines say; empty when that is nothing but space.</param>
/// <param name="Name">The value of its <c>event</c> field; empty when it has none.</param>
/// <param name="HasLines">It has a line that is not blank, be it a comment.</param>
/// <param name="IsPlain">It is <c>data:</c> on one line and a blank line, each ended by LF, and nothing else.</param>
internal readonly record struct StreamEvent(ReadOnlyMemory<byte> Data, ReadOnlyMemory<byte> Name, bool HasLines, bool IsPlain)
{
    /// <summary>Says to a caller what a comment says: it goes on.</summary>
    private static ReadOnlySpan<byte> SignOfLife => ":\n\n"u8;

    public bool IsError => Name.Span.SequenceEqual("error"u8);

    public bool IsDone => Data.Span.StartsWith("[DONE]"u8);

    /// <summary>Reads one event, its blank line included.</summary>
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

    /// <summary>The event in a form that every SDK reads, in the memory where it stands: no field but one line of data.</summary>
    /// <param name="one">Its bytes.</param>
    public Memory<byte> WriteTo(Memory<byte> one)
    {
        if (IsPlain) return one;
        if (Data.IsEmpty) return WriteSignOfLife(one);

        // A space after the colon, where there is room for it.
        var prefix = "data: "u8[..Math.Min(6, one.Length - Data.Length - 2)];
        var said = one.Slice(prefix.Length, Data.Length);
        Data.CopyTo(said);
        // Between two lines of JSON there is nothing but space.
        said.Span.Replace((byte)'\n', (byte)' ');
        prefix.CopyTo(one.Span);
        "\n\n"u8.CopyTo(one.Span[(prefix.Length + Data.Length)..]);
        return one[..(prefix.Length + Data.Length + 2)];
    }

    /// <summary>A comment, in the memory where the event stands; nothing for blank lines alone.</summary>
    public Memory<byte> WriteSignOfLife(Memory<byte> one)
    {
        if (!HasLines) return default;
        SignOfLife.CopyTo(one.Span);
        return one[..SignOfLife.Length];
    }

    private static int LengthOfPrefix(ReadOnlyMemory<byte> one) => one.Span.StartsWith("data: "u8) ? 6 : 5;

    /// <summary>The data so far and one more line of it. Of many lines each is copied about once.</summary>
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
