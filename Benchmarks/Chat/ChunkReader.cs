namespace AiPlatform.Benchmarks.Chat;

/// <summary>Counts the tokens in a stream of chat chunks as its bytes come, wherever they are cut.</summary>
internal sealed class ChunkReader
{
    private readonly List<byte> _line = [];

    /// <summary>Whether the stream has had its end.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Takes bytes.</summary>
    /// <returns>The tokens of the events that are whole now.</returns>
    /// <exception cref="BenchmarkException">One of the events is an error.</exception>
    public int Read(ReadOnlySpan<byte> bytes)
    {
        var tokens = 0;
        for (int end; (end = bytes.IndexOf((byte)'\n')) >= 0; bytes = bytes[(end + 1)..])
        {
            _line.AddRange(bytes[..end]);
            tokens += ReadLine([.. _line]);
            _line.Clear();
        }

        _line.AddRange(bytes);
        return tokens;
    }

    private int ReadLine(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("data: "u8)) return 0;
        if (line.SequenceEqual("data: [DONE]"u8)) IsDone = true;
        if (line.StartsWith("data: {\"error\""u8))
            throw new BenchmarkException($"A chat failed: {System.Text.Encoding.UTF8.GetString(line)}");

        // A text has no such thing: its quotes are escaped.
        var ids = "\"token_ids\":["u8;
        var at = line.IndexOf(ids);
        if (at < 0) return 0;
        var rest = line[(at + ids.Length)..];
        return rest[..rest.IndexOf((byte)']')].Count((byte)',') + 1;
    }
}
