using System.Buffers;

namespace AiPlatform.Client.Http;

/// <summary>
/// The events of a call while they are read. OpenAI's SDK takes an error event and an early end for the regular end of a stream, so both
/// are exceptions here. Only the first bytes of a line are looked at, unless it is an error.
/// </summary>
internal sealed class CallStream(Stream inner, Uri? address) : ReadStream(inner)
{
    /// <summary>The longest error that is read. The message of a longer one is not known.</summary>
    private const int MaxError = 65_536;

    private readonly byte[] _head = new byte[Error.Length];
    private int _headLength;
    private ArrayBufferWriter<byte>? _error;
    private AiPlatformException? _failure;
    private bool _isDone;

    private static ReadOnlySpan<byte> Field => "data:"u8;

    private static ReadOnlySpan<byte> Error => "data: {\"error\""u8;

    private static ReadOnlySpan<byte> TightError => "data:{\"error\""u8;

    /// <exception cref="AiPlatformException">The stream has ended with an error, or before its end.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_failure is not null) throw _failure;
        int read;
        try
        {
            read = await Inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException lost) when (!_isDone)
        {
            _failure = GatewayErrors.Unavailable($"The stream of {address} broke off before its end: {lost.Message}", lost);
            throw _failure;
        }

        if (read == 0 && !buffer.IsEmpty)
        {
            EndLine();
            if (!_isDone) _failure ??= GatewayErrors.Unavailable($"The stream of {address} ended before its end: it has no [DONE].");
        }

        // What came before an error is read first.
        var passed = LookAt(buffer.Span[..read]);
        if (_failure is not null && passed == 0) throw _failure;
        return passed;
    }

    /// <summary>For the SDK's calls that are not asynchronous.</summary>
    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <returns>How many of the bytes are passed on: those of an error's line, and what comes after it, are not.</returns>
    private int LookAt(ReadOnlySpan<byte> bytes)
    {
        var start = 0;
        while (start < bytes.Length)
        {
            var rest = bytes[start..];
            var end = rest.IndexOfAny((byte)'\r', (byte)'\n');
            Keep(end < 0 ? rest : rest[..end]);
            if (end < 0) break;
            EndLine();
            if (_failure is not null) return start;
            start += end + 1;
        }

        return bytes.Length;
    }

    /// <summary>Keeps the first bytes of a line, and all of them if it is an error.</summary>
    private void Keep(ReadOnlySpan<byte> part)
    {
        if (_error is null)
        {
            var taken = Math.Min(part.Length, _head.Length - _headLength);
            if (taken == 0) return;
            part[..taken].CopyTo(_head.AsSpan(_headLength));
            _headLength += taken;
            var head = _head.AsSpan(0, _headLength);
            if (!head.StartsWith(Error) && !head.StartsWith(TightError)) return;
            _error = new ArrayBufferWriter<byte>();
            _error.Write(head[Field.Length..]);
            part = part[taken..];
        }

        if (_error.WrittenCount + part.Length <= MaxError) _error.Write(part);
    }

    private void EndLine()
    {
        var head = _head.AsSpan(0, _headLength);
        if (_error is { } error) _failure = GatewayErrors.OfEvent(error.WrittenSpan);
        else if (head.SequenceEqual("data: [DONE]"u8) || head.SequenceEqual("data:[DONE]"u8)) _isDone = true;
        (_error, _headLength) = (null, 0);
    }
}
