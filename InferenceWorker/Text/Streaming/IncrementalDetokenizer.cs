using System.Text;
using AiPlatform.InferenceWorker.Text.Bpe;

namespace AiPlatform.InferenceWorker.Text.Streaming;

/// <summary>
/// Turns the token ids of one stream into text as they come. A character whose bytes are in several tokens is returned with the last of
/// them. All pieces together equal <see cref="ChatTokenizer.Decode"/> of all ids. It is not thread-safe.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="skipSpecialTokens">Whether special tokens have no text.</param>
internal sealed class IncrementalDetokenizer(ChatTokenizer tokenizer, bool skipSpecialTokens = true)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _text = new char[64];

    /// <summary>Adds a token.</summary>
    /// <returns>The text that is now complete, which is often empty; valid until the next call.</returns>
    public ReadOnlySpan<char> Append(int id) =>
        skipSpecialTokens && tokenizer.IsSpecial(id) ? default : Convert(tokenizer.TokenBytes(id), flush: false);

    /// <summary>Ends the stream; an incomplete character becomes U+FFFD.</summary>
    public ReadOnlySpan<char> Flush() => Convert([], flush: true);

    private ReadOnlySpan<char> Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        int most = Encoding.UTF8.GetMaxCharCount(bytes.Length);
        if (most > _text.Length)
            _text = new char[most];
        return _text.AsSpan(0, _decoder.GetChars(bytes, _text, flush));
    }
}
