using System.Text.Encodings.Web;
using System.Text.Json;
using AiPlatform.Gateway.Providers.Requests;

namespace AiPlatform.Gateway.Providers.Whole;

/// <summary>Removes the Markdown fences around the choices of a whole answer; the rest is unchanged.</summary>
internal static class BareAnswer
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 256 };

    /// <param name="answer">The provider's answer, which is valid JSON.</param>
    /// <param name="choices">The result of <see cref="ChoiceContent.Of"/> for it.</param>
    public static JsonAnswer Of(JsonAnswer answer, IReadOnlyList<ChoiceContent> choices)
    {
        if (choices.All(choice => choice.Bare == choice.Text)) return answer;

        List<(Range At, byte[] Text)> edits = [];
        foreach (var (content, choice) in ContentsOf(answer.Body.Span).Zip(choices))
            if (content is { } at && choice.Bare != choice.Text) edits.Add((at, Quoted(choice.Bare!)));
        return answer with { Body = JsonSplice.Apply(answer.Body, edits) };
    }

    private static byte[] Quoted(string text) =>
        [(byte)'"', .. JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"'];

    /// <summary>
    /// The range of each choice's content; null for a choice without content. If a field occurs twice, the last one counts.
    /// </summary>
    private static List<Range?> ContentsOf(ReadOnlySpan<byte> answer)
    {
        List<Range?> contents = [];
        var reader = new Utf8JsonReader(answer, Options);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isChoices = reader.ValueTextEquals("choices"u8);
            reader.Read();
            if (isChoices) contents = [];
            if (isChoices && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (reader.TokenType == JsonTokenType.StartObject) contents.Add(ContentIn(ref reader, "message"u8, "content"u8));
                    else reader.Skip();
                }
            }

            reader.Skip();
        }

        return contents;
    }

    /// <summary>
    /// The range of the value of an object's field, or of a field of the object in that field. The reader is on the object's start before
    /// the call, and on its end after the call.
    /// </summary>
    private static Range? ContentIn(ref Utf8JsonReader reader, ReadOnlySpan<byte> outer, ReadOnlySpan<byte> inner)
    {
        Range? at = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isWanted = reader.ValueTextEquals(outer);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (isWanted && !inner.IsEmpty)
                at = reader.TokenType == JsonTokenType.StartObject ? ContentIn(ref reader, inner, default) : null;
            reader.Skip();
            if (isWanted && inner.IsEmpty) at = start..(int)reader.BytesConsumed;
        }

        return at;
    }
}
