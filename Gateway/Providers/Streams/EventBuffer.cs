using AiPlatform.Gateway.Providers.Transport;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>
/// Splits a stream of server-sent events at the ends of events, without copying them. Lines end with LF, CRLF or CR, as in the standard. A
/// byte order mark before the first event is removed.
/// </summary>
internal sealed class EventBuffer(Stream content, int maxEventBytes) : IDisposable
{
    private byte[] _bytes = PooledBytes.Rent();
    private int _length;
    private int _whole;
    private int _scanned;
    private int _line;
    private bool _hasLine;
    private bool _afterCr;
    private bool _begun;
    private bool _ended;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The whole events that <see cref="ReadAsync"/> found.</summary>
    public Memory<byte> Events => _bytes.AsMemory(0, _whole);

    /// <summary>Whether an event exceeds the limit.</summary>
    public bool IsFull => _length >= maxEventBytes;

    /// <summary>Drops the events that were read.</summary>
    public void Release()
    {
        _bytes.AsSpan(_whole, _length - _whole).CopyTo(_bytes);
        _length -= _whole;
        _scanned -= _whole;
        _line -= _whole;
        _whole = 0;
    }

    /// <summary>Reads until there is a whole event; false when the stream has ended, or an event is too large.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        while (_whole == 0 && !_ended && !IsFull)
        {
            if (_length == _bytes.Length) PooledBytes.Grow(ref _bytes, _length);
            var read = await content.ReadAsync(
                _bytes.AsMemory(_length, Math.Min(_bytes.Length, maxEventBytes) - _length), cancellationToken);
            _length += read;
            if (read == 0) End();
            if (!_begun) LeaveMarkOut();
            if (_begun) Scan();
        }

        return _whole > 0;
    }

    /// <summary>The length of the first event, including its blank line and any blank lines before it.</summary>
    public static int LengthOfFirst(ReadOnlySpan<byte> events)
    {
        var hasLine = false;
        for (var at = 0; at < events.Length;)
        {
            var length = events[at..].IndexOfAny((byte)'\r', (byte)'\n');
            if (length < 0) break;
            at += length + LengthOfLineEnd(events[(at + length)..]);
            if (length == 0 && hasLine) return at;
            hasLine |= length > 0;
        }

        return events.Length;
    }

    /// <summary>The length of the line end at the start: two for CRLF, else one.</summary>
    public static int LengthOfLineEnd(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\r\n"u8) ? 2 : 1;

    public void Dispose()
    {
        PooledBytes.Return(_bytes);
        _bytes = [];
        (_length, _whole, _scanned, _line) = (0, 0, 0, 0);
    }

    /// <summary>Ends the last event, which may lack its blank line.</summary>
    private void End()
    {
        _ended = true;
        _begun = true;
        if (_length == 0) return;
        while (_bytes.Length < _length + 2) PooledBytes.Grow(ref _bytes, _length);
        "\n\n"u8.CopyTo(_bytes.AsSpan(_length));
        _length += 2;
    }

    private void LeaveMarkOut()
    {
        var read = _bytes.AsSpan(0, _length);
        if (_length < ByteOrderMark.Length && ByteOrderMark.StartsWith(read)) return;

        _begun = true;
        if (!read.StartsWith(ByteOrderMark)) return;
        read[ByteOrderMark.Length..].CopyTo(read);
        _length -= ByteOrderMark.Length;
    }

    /// <summary>Scans the new bytes line by line.</summary>
    private void Scan()
    {
        while (_scanned < _length)
        {
            var rest = _bytes.AsSpan(_scanned, _length - _scanned);
            var end = rest.IndexOfAny((byte)'\r', (byte)'\n');
            var at = _scanned + (end < 0 ? rest.Length : end);
            _scanned = at;
            if (end < 0) return;

            var isCr = rest[end] == '\r';
            // Only the next byte shows whether a CR at the end is half of a CRLF. If lines end with CR alone, there is no need to wait for
            // it.
            if (isCr && end == rest.Length - 1 && !_afterCr) return;

            var length = LengthOfLineEnd(rest[end..]);
            var isBlank = at == _line;
            if (isBlank && _hasLine) _whole = at + length;
            _hasLine = !isBlank;
            _afterCr = isCr && length == 1;
            _scanned = _line = at + length;
        }
    }
}
