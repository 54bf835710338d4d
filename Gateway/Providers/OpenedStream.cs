namespace AiPlatform.Gateway.Providers;

/// <summary>
/// A provider's stream of server-sent events. Events come out as they came in; each is looked at once: for the usage, the end, an
/// error, and whether it is one at all. The closing <c>[DONE]</c> is left to the reader, who may have to say something first.
/// </summary>
internal sealed class OpenedStream : IDisposable
{
    private readonly ProviderResponse _response;
    private readonly EventBuffer _buffer;
    private readonly bool _dropsUsage;
    private StreamPiece? _first;
    private int _started;
    private int _finished;

    public OpenedStream(ProviderModel model, ProviderResponse response, bool dropsUsage, bool collects)
    {
        Model = model;
        _response = response;
        _buffer = new EventBuffer(response.Content, model.Options.MaxAnswerBytes);
        _dropsUsage = dropsUsage;
        Content = collects ? new StreamedContent() : null;
        model.Provider.Continue();
    }

    public ProviderModel Model { get; }

    /// <summary>What has been said so far, where it is to be checked; else null.</summary>
    public StreamedContent? Content { get; }

    /// <summary>Tokens, as far as the stream has said.</summary>
    public TokenUsage Usage { get; private set; }

    /// <summary>Waits for the first event that says something.</summary>
    /// <returns>Why there is none, or null.</returns>
    public async ValueTask<AttemptFailure?> OpenAsync(CancellationToken cancellationToken)
    {
        StreamPiece piece;
        do piece = await NextAsync(cancellationToken);
        while (_started == 0 && piece is { IsLast: false, Failure: null });

        if (piece.Failure is not null) return piece.Failure;
        if (_started == 0) return AttemptFailure.BadAnswer(Model.Provider.Name, "empty", "the stream has no event");
        _first = piece;
        return null;
    }

    /// <summary>What came since the last call, as soon as there is at least one whole event.</summary>
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
        catch (IOException)
        {
            return Ended(AttemptFailure.BadAnswer(Model.Provider.Name, "truncated", "the stream broke off"));
        }

        if (_buffer.IsFull) return Ended(AttemptFailure.TooLarge(Model.Provider.Name, Model.Options.MaxAnswerBytes));
        // Some do not say [DONE]: when every choice has said how it ended, nothing is missing.
        return _started > 0 && _finished >= _started
            ? new StreamPiece(default, IsLast: true, null)
            : Ended(AttemptFailure.BadAnswer(Model.Provider.Name, "truncated", "the stream ended early"));
    }

    public void Dispose()
    {
        _response.Dispose();
        _buffer.Dispose();
        Model.Provider.Leave();
    }

    private static StreamPiece Ended(AttemptFailure failure) => new(default, IsLast: false, failure);

    /// <summary>Looks at every whole event; those that the caller is to see are moved together.</summary>
    private StreamPiece Look()
    {
        var events = _buffer.Events;
        var (from, to) = (0, 0);
        while (from < events.Length)
        {
            var length = EventBuffer.LengthOfFirst(events.Span[from..]);
            var one = events.Slice(from, length);
            var verdict = LookAt(one);
            if (verdict.IsLast || verdict.Failure is not null) return verdict with { Events = events[..to] };

            if (!verdict.Events.IsEmpty)
            {
                if (to != from) one.CopyTo(events[to..]);
                to += length;
            }

            from += length;
        }

        return new StreamPiece(events[..to], IsLast: false, null);
    }

    private StreamPiece LookAt(Memory<byte> one)
    {
        var data = EventBuffer.DataOf(one);
        if (data.IsEmpty) return new StreamPiece(_started > 0 ? one : default, false, null);
        if (data.Span.SequenceEqual("[DONE]"u8)) return new StreamPiece(default, IsLast: true, null);
        if (!AnswerJson.TryRead(data.Span, out var facts))
            return Ended(AttemptFailure.BadAnswer(Model.Provider.Name, "malformed", "an event is not valid JSON"));
        if (facts.HasError) return Ended(RefusalReader.OfEvent(Model.Provider, data.ToArray()));

        if (facts.Usage is { } usage) Usage = usage;
        _started = Math.Max(_started, facts.Choices);
        _finished += facts.Finished;
        if (facts.Choices > 0) Content?.Add(data);
        return new StreamPiece(_dropsUsage && facts is { Choices: 0, Usage: not null } ? default : one, false, null);
    }
}
