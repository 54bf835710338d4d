using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.StructuredOutput;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>
/// Removes the Markdown fences around the text of a stream's choices. An event that is not changed stays as it came; a changed event keeps
/// only its data.
/// </summary>
internal sealed class BareEvents
{
    /// <summary>More choices than any provider sends; further choices are not changed.</summary>
    private const int MaxChoices = 128;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 256 };

    private readonly Dictionary<int, JsonFence> _fences = [];
    private readonly ArrayBufferWriter<byte> _written = new();

    /// <param name="events">Whole events whose data is valid JSON.</param>
    /// <returns>The same events, or changed ones in memory that is valid until the next call.</returns>
    public ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> events)
    {
        _written.ResetWrittenCount();
        var from = 0;
        for (var at = 0; at < events.Length;)
        {
            var one = events.Slice(at, EventBuffer.LengthOfFirst(events.Span[at..]));
            var data = StreamEvent.Read(one).Data;
            var edits = data.IsEmpty ? [] : TryEditsOf(data.Span);
            if (edits.Count > 0)
            {
                _written.Write(events.Span[from..at]);
                Write(JsonSplice.Apply(data, edits).Span);
                from = at + one.Length;
            }

            at += one.Length;
        }

        if (from == 0) return events;
        _written.Write(events.Span[from..]);
        return _written.WrittenMemory;
    }

    private void Write(ReadOnlySpan<byte> data)
    {
        _written.Write("data: "u8);
        var line = _written.GetSpan(data.Length);
        // In JSON a line break is white space, so data of several lines is written on one line.
        data.Replace(line, (byte)'\n', (byte)' ');
        _written.Advance(data.Length);
        _written.Write("\n\n"u8);
    }

    private List<(Range At, byte[] Text)> TryEditsOf(ReadOnlySpan<byte> data)
    {
        try
        {
            return EditsOf(data);
        }
        catch (InvalidOperationException)
        {
            // Comparing a name that has half of a surrogate pair throws this; the event is passed on unchanged.
            return [];
        }
    }

    private List<(Range At, byte[] Text)> EditsOf(ReadOnlySpan<byte> data)
    {
        List<(Range At, byte[] Text)> edits = [];
        var reader = new Utf8JsonReader(data, Options);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isChoices = reader.ValueTextEquals("choices"u8);
            reader.Read();
            if (isChoices && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (reader.TokenType == JsonTokenType.StartObject && EditOf(ChunkChoice.Read(ref reader), data) is { } edit)
                        edits.Add(edit);
                    else reader.Skip();
                }
            }

            reader.Skip();
        }

        return edits;
    }

    private (Range At, byte[] Text)? EditOf(ChunkChoice choice, ReadOnlySpan<byte> data)
    {
        if (!_fences.TryGetValue(choice.Index, out var fence))
        {
            if (_fences.Count == MaxChoices) return null;
            _fences.Add(choice.Index, fence = new JsonFence());
        }

        if (fence.IsPlain) return null;

        var bare = new ArrayBufferWriter<byte>();
        var text = choice.Content is { } at && data[at][0] == '"' ? data[at][1..^1] : default;
        fence.Read(text, bare);
        if (choice.IsFinished) fence.End(bare);
        return bare.WrittenSpan.SequenceEqual(text) ? null : choice.WithContent(bare.WrittenSpan);
    }

    /// <summary>The positions of a choice's fields in a chunk.</summary>
    /// <param name="Index">The choice's number.</param>
    /// <param name="Content">The range of the value of <c>delta.content</c>.</param>
    /// <param name="Delta">The range of the value of <c>delta</c>.</param>
    /// <param name="IsEmpty">Whether <c>delta</c> is an object without fields.</param>
    /// <param name="Start">The index at which the choice's own fields begin.</param>
    /// <param name="IsFinished">Whether the choice ends with this chunk.</param>
    private readonly record struct ChunkChoice(int Index, Range? Content, Range? Delta, bool? IsEmpty, int Start, bool IsFinished)
    {
        /// <summary>Reads a choice. The reader is on the object's start before the call, and on its end after the call.</summary>
        public static ChunkChoice Read(ref Utf8JsonReader reader)
        {
            var choice = new ChunkChoice(0, null, null, null, (int)reader.BytesConsumed, false);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isIndex = reader.ValueTextEquals("index"u8);
                var isReason = reader.ValueTextEquals("finish_reason"u8);
                var isDelta = reader.ValueTextEquals("delta"u8);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                if (isIndex && Utf8Parser.TryParse(reader.ValueSpan, out int index, out _)) choice = choice with { Index = index };
                if (isReason && reader.TokenType == JsonTokenType.String) choice = choice with { IsFinished = true };
                if (isDelta)
                    choice = reader.TokenType == JsonTokenType.StartObject ? ReadDelta(ref reader, choice) : choice with { IsEmpty = null };
                reader.Skip();
                if (isDelta) choice = choice with { Delta = start..(int)reader.BytesConsumed };
            }

            return choice;
        }

        /// <summary>The edit that sets the choice's text, in its content or in a new content.</summary>
        /// <param name="text">The inside of a JSON string.</param>
        public (Range At, byte[] Text) WithContent(ReadOnlySpan<byte> text)
        {
            if (Content is { } content) return (content, [(byte)'"', .. text, (byte)'"']);
            if (Delta is { } delta && IsEmpty is { } isEmpty)
            {
                var inside = delta.Start.Value + 1;
                return (inside..inside, [.. "\"content\":\""u8, .. text, .. isEmpty ? "\""u8 : "\","u8]);
            }

            return Delta is { } none
                ? (none, [.. "{\"content\":\""u8, .. text, .. "\"}"u8])
                : (Start..Start, [.. "\"delta\":{\"content\":\""u8, .. text, .. "\"},"u8]);
        }

        private static ChunkChoice ReadDelta(ref Utf8JsonReader reader, ChunkChoice choice)
        {
            choice = choice with { Content = null, IsEmpty = true };
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isContent = reader.ValueTextEquals("content"u8);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                choice = choice with { IsEmpty = false, Content = isContent ? start..(int)reader.BytesConsumed : choice.Content };
            }

            return choice;
        }
    }
}
