using System.Buffers;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Transport;
using AiPlatform.Gateway.Providers.Whole;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>
/// A provider's stream of server-sent events. Each event is parsed once, for the usage, the end, an error, and to check that it is valid.
/// Its data is passed on unchanged. The reader of the stream writes the closing <c>[DONE]</c>, because it may have to write an error first.
/// </summary>
internal sealed class OpenedStream : IKeepsSlot, IDisposable
{
    private const string UnreadableChoice = "a chunk has a choice that cannot be read";

    private readonly ProviderResponse _response;
    private readonly EventBuffer _buffer;
    private readonly bool _dropsUsage;
    private ProviderSlot? _slot;
    private StreamPiece? _first;
    private int _started;
    private int _finished;
    private long _textBytes;
    private TokenUsage? _usage;
    private bool _isCut;

    public OpenedStream(ProviderModel model, ProviderResponse response, bool dropsUsage, bool collects)
    {
        Model = model;
        _response = response;
        _buffer = new EventBuffer(response.Content, model.Options.MaxAnswerBytes);
        _dropsUsage = dropsUsage;
        Content = collects ? new StreamedContent(model.Options.MaxAnswerBytes) : null;
    }

    public ProviderModel Model { get; }

    /// <summary>The text so far, if it has to be checked; else null.</summary>
    public StreamedContent? Content { get; }

    /// <summary>Whether only the usage is missing, and can still come.</summary>
    public bool AwaitsUsage => _usage is null && IsFinished && !_isCut;

    private bool IsFinished => _started > 0 && _finished >= _started;

    /// <summary>The usage that the stream reported, or an estimate if it ended before that.</summary>
    /// <param name="request">The request that it answers.</param>
    /// <param name="isWhole">Whether it ended regularly.</param>
    public TokenUsage UsageOf(ProviderRequest request, bool isWhole) =>
        _usage ?? (isWhole ? default : TokenUsage.Estimate(request.Body.Length, _textBytes));

    // :: Step P7: check. A stream with an invalid first event is a failed attempt.
    /// <summary>Waits for the first event that has a choice. Everything before it is a sign of life.</summary>
    /// <returns>The failure if there is no such event; else null.</returns>
    public async ValueTask<AttemptFailure?> OpenAsync(AttemptLimit limit)
    {
        var before = new ArrayBufferWriter<byte>();
        while (true)
        {
            var piece = await NextAsync(limit.Token);
            if (piece.Failure is not null) return piece.Failure;
            if (_started > 0)
            {
                if (before.WrittenCount > 0) piece = piece with { Events = (byte[])[.. before.WrittenSpan, .. piece.Events.Span] };
                _first = piece;
                return null;
            }

            if (piece.IsLast) return AttemptFailure.BadAnswer(Model.Provider.Name, "empty", "the stream has no event");
            before.Write(piece.Events.Span);
            if (before.WrittenCount > Model.Options.MaxAnswerBytes)
                return AttemptFailure.TooLarge(Model.Provider.Name, Model.Options.MaxAnswerBytes);
            limit.Restart();
        }
    }

    public void Keep(ProviderSlot slot) => _slot = slot;

    /// <summary>Returns the events since the last call, as soon as there is at least one whole event.</summary>
    public async ValueTask<StreamPiece> NextAsync(CancellationToken cancellationToken)
    {
        if (_first is { } first)
        {
            _first = null;
            return first;
        }

        _buffer.Release();
        try
        {
            if (await _buffer.ReadAsync(cancellationToken)) return Look();
        }
        catch (IOException broken)
        {
            return Ended(AttemptFailure.Truncated(Model.Provider.Name, "the stream broke off", broken));
        }
        catch (OperationCanceledException)
        {
            // Canceling a read closes the connection.
            _isCut = true;
            throw;
        }

        if (_buffer.IsFull) return Ended(AttemptFailure.TooLarge(Model.Provider.Name, Model.Options.MaxAnswerBytes));
        // Some providers do not send [DONE]. If every choice has a finish reason, the stream is complete.
        return IsFinished
            ? new StreamPiece(default, IsLast: true, null)
            : Ended(AttemptFailure.BadAnswer(Model.Provider.Name, "truncated", "the stream ended early"));
    }

    public void Dispose()
    {
        _response.Dispose();
        _buffer.Dispose();
        _slot?.Dispose();
    }

    private static StreamPiece Ended(AttemptFailure failure) => new(default, IsLast: false, failure);

    /// <summary>Parses every whole event, and moves those for the caller together.</summary>
    private StreamPiece Look()
    {
        var events = _buffer.Events;
        var (from, to) = (0, 0);
        while (from < events.Length)
        {
            var length = EventBuffer.LengthOfFirst(events.Span[from..]);
            var verdict = LookAt(events.Slice(from, length));
            if (verdict.IsLast || verdict.Failure is not null) return verdict with { Events = events[..to] };

            var seen = verdict.Events;
            if (to != from) seen.CopyTo(events[to..]);
            to += seen.Length;
            from += length;
        }

        return new StreamPiece(events[..to], IsLast: false, null);
    }

    private StreamPiece LookAt(Memory<byte> one)
    {
        var read = StreamEvent.Read(one);
        if (read.Data.IsEmpty) return SignOfLife(read, one);
        if (read.IsDone) return new StreamPiece(default, IsLast: true, null);
        if (!AnswerReader.TryRead(read.Data.Span, out var facts, out var problem)) return Malformed($"an event {problem}");
        if (facts.HasError || read.IsError) return Ended(RefusalReader.OfAnswer(Model.Provider, read.Data.ToArray()));
        if (facts.HasUnreadableChoice) return Malformed(UnreadableChoice);
        // Providers that name their events send pings like this.
        if (facts is { Choices: 0, Usage: null } && !read.Name.IsEmpty) return SignOfLife(read, one);

        if (facts.Usage is { } usage && usage != default) _usage = usage;
        _textBytes += facts.TextBytes;
        _started = Math.Max(_started, facts.Choices);
        _finished += facts.Finished;
        if (facts.Choices > 0 && Content is { } content)
        {
            if (!content.TryAdd(read.Data)) return Malformed(UnreadableChoice);
            if (content.IsFull) return Ended(AttemptFailure.TooLarge(Model.Provider.Name, Model.Options.MaxAnswerBytes));
        }

        return _dropsUsage && facts is { Choices: 0, Usage: not null } ? default : new StreamPiece(read.WriteTo(one), false, null);
    }

    /// <summary>A sign of life for the caller; nothing is passed on before the stream has begun.</summary>
    private StreamPiece SignOfLife(StreamEvent read, Memory<byte> one) =>
        _started > 0 ? new StreamPiece(read.WriteSignOfLife(one), false, null) : default;

    private StreamPiece Malformed(string what) => Ended(AttemptFailure.BadAnswer(Model.Provider.Name, "malformed", what));
}

/// <summary>Whole events of a stream, and whether more follow.</summary>
/// <param name="Events">Bytes for the caller, until the next piece is asked for.</param>
/// <param name="IsLast">The stream has ended regularly.</param>
/// <param name="Failure">Why it ended early; null when it did not.</param>
internal readonly record struct StreamPiece(Memory<byte> Events, bool IsLast, AttemptFailure? Failure);
