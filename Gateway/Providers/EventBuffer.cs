namespace AiPlatform.Gateway.Providers;

/// <summary>Cuts a stream of server-sent events where events end, without copying them.</summary>
internal sealed class EventBuffer(Stream content, int maxEventBytes) : IDisposable
{
    private byte[] _bytes = PooledBytes.Rent();
    private int _length;
    private int _whole;
    private bool _ended;

    /// <summary>The whole events that <see cref="ReadAsync"/> found.</summary>
    public Memory<byte> Events => _bytes.AsMemory(0, _whole);

    /// <summary>An event is larger than may be.</summary>
    public bool IsFull => _length >= maxEventBytes;

    /// <summary>Forgets the events that were there.</summary>
    public void Release()
    {
        _bytes.AsSpan(_whole, _length - _whole).CopyTo(_bytes);
        _length -= _whole;
        _whole = 0;
    }

    /// <summary>Reads until there is a whole event. False when the stream has ended, or an event is too large.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (_whole == 0 && !_ended && !IsFull)
        {
            if (_length == _bytes.Length) PooledBytes.Grow(ref _bytes, _length);
            var read = await content.ReadAsync(_bytes.AsMemory(_length, Math.Min(_bytes.Length, maxEventBytes) - _length), cancellationToken);
            _length += read;
            if (read == 0) End();
            _whole = EndOfLast(_bytes.AsSpan(0, _length), searched);
            searched = Math.Max(0, _length - 3);
        }

        return _whole > 0;
    }

    /// <summary>The bytes of the first event, blank line included.</summary>
    public static int LengthOfFirst(ReadOnlySpan<byte> events)
    {
        for (var at = 0; at < events.Length;)
        {
            var newLine = events[at..].IndexOf((byte)'\n');
            if (newLine < 0) return events.Length;
            at += newLine + 1;
            if (BlankLineAt(events, at) is var blank and > 0) return at + blank;
        }

        return events.Length;
    }

    /// <summary>What the event's <c>data</c> lines say; empty when it has none.</summary>
    public static ReadOnlyMemory<byte> DataOf(ReadOnlyMemory<byte> one)
    {
        ReadOnlyMemory<byte> data = default;
        for (var rest = one; !rest.IsEmpty;)
        {
            var newLine = rest.Span.IndexOf((byte)'\n');
            var line = newLine < 0 ? rest : rest[..newLine];
            rest = newLine < 0 ? default : rest[(newLine + 1)..];
            if (line.Length > 0 && line.Span[^1] == '\r') line = line[..^1];
            if (!line.Span.StartsWith("data:"u8)) continue;

            var said = line[(line.Length > 5 && line.Span[5] == ' ' ? 6 : 5)..];
            data = data.IsEmpty ? said : (byte[])[.. data.Span, (byte)'\n', .. said.Span];
        }

        return data;
    }

    public void Dispose()
    {
        PooledBytes.Return(_bytes);
        _bytes = [];
        (_length, _whole) = (0, 0);
    }

    /// <summary>The last event may lack its blank line.</summary>
    private void End()
    {
        _ended = true;
        if (_length == 0) return;
        while (_bytes.Length < _length + 2) PooledBytes.Grow(ref _bytes, _length);
        "\n\n"u8.CopyTo(_bytes.AsSpan(_length));
        _length += 2;
    }

    /// <summary>Where the last whole event ends; 0 when there is none. What lies before <paramref name="searched"/> has none.</summary>
    private static int EndOfLast(ReadOnlySpan<byte> bytes, int searched)
    {
        for (var at = bytes.Length - 1; at > searched; at--)
        {
            if (bytes[at] == '\n' && (bytes[at - 1] == '\n' || (bytes[at - 1] == '\r' && at > 1 && bytes[at - 2] == '\n'))) return at + 1;
        }

        return 0;
    }

    private static int BlankLineAt(ReadOnlySpan<byte> events, int at)
    {
        if (at < events.Length && events[at] == '\n') return 1;
        return at + 1 < events.Length && events[at] == '\r' && events[at + 1] == '\n' ? 2 : 0;
    }
}
