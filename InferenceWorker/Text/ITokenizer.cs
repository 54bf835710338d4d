namespace AiPlatform.InferenceWorker.Text;

/// <summary>
/// Turns text into a model's token ids, exactly as Hugging Face <c>tokenizers</c> does for the same <c>tokenizer.json</c>.
/// Implementations are immutable and thread-safe.
/// </summary>
internal interface ITokenizer
{
    /// <summary>Number of token ids, including added tokens; every id is at least 0 and below this number.</summary>
    int VocabularySize { get; }

    /// <summary>Number of special tokens around a text, e.g. 2 for <c>[CLS]</c> and <c>[SEP]</c>.</summary>
    int SpecialTokensPerText { get; }

    /// <summary>The id that fills a row up to its batch's length. Padded positions are masked, so it never shows in a result.</summary>
    int PadId { get; }

    /// <summary>Encodes a text of any length in linear time.</summary>
    /// <param name="text">Any text. A lone surrogate counts as U+FFFD.</param>
    /// <param name="parseSpecialTokens">
    /// Whether a special token's name in the text, such as <c>[SEP]</c>, is that token; otherwise it is ordinary text.
    /// </param>
    /// <param name="stopAbove">
    /// Encoding stops where the text has more tokens than this, special tokens included. The result then has more than that, but not all.
    /// </param>
    /// <returns>The ids with the special tokens around them.</returns>
    int[] Encode(ReadOnlySpan<char> text, bool parseSpecialTokens = true, int stopAbove = int.MaxValue);

    /// <summary>Puts the special tokens around ids that have none, e.g. ids that a client sent instead of a text.</summary>
    /// <param name="plainIds">Ids within the vocabulary; the caller checks that.</param>
    /// <param name="maxTokens">Most ids in the result; the plain ids are cut at their end to fit.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTokens"/> is below <see cref="SpecialTokensPerText"/>.</exception>
    int[] AddSpecialTokens(ReadOnlySpan<int> plainIds, int maxTokens = int.MaxValue);

    /// <summary>Number of special tokens around and between the texts of a pair; 0 if the tokenizer does not support pairs.</summary>
    int SpecialTokensPerPair { get; }

    /// <summary>
    /// Encodes two texts as one row; if they do not fit, the longer one is cut first (Hugging Face truncation, longest first).
    /// </summary>
    /// <param name="first">The first text.</param>
    /// <param name="second">The second text. Its tokens, and the special tokens after them, have another type.</param>
    /// <param name="maxTokens">Most ids in the result.</param>
    /// <param name="stopAbove">
    /// As for <see cref="Encode"/>, for each of the texts. A pair that is cut needs all tokens, because the longer text is cut first.
    /// </param>
    /// <returns>The ids, and the index at which those of the second text begin.</returns>
    /// <exception cref="InvalidOperationException">The tokenizer does not support pairs.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTokens"/> is below <see cref="SpecialTokensPerPair"/>.</exception>
    (int[] Ids, int SecondAt) EncodePair(
        ReadOnlySpan<char> first, ReadOnlySpan<char> second, int maxTokens, int stopAbove = int.MaxValue);

    /// <summary>Cuts an encoded text at its end, keeping the special tokens (Hugging Face truncation, direction right).</summary>
    /// <param name="ids">The result of <see cref="Encode"/> or <see cref="AddSpecialTokens"/>, which is not changed.</param>
    /// <param name="maxTokens">Most ids in the result.</param>
    /// <returns><paramref name="ids"/> itself if it fits, otherwise a new array of <paramref name="maxTokens"/> ids.</returns>
    /// <exception cref="ArgumentException"><paramref name="ids"/> lacks the special tokens.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTokens"/> is below <see cref="SpecialTokensPerText"/>.</exception>
    int[] Truncate(int[] ids, int maxTokens);

    /// <summary>The ids of an encoded text without the special tokens around it.</summary>
    /// <param name="ids">What <see cref="Encode"/> or <see cref="AddSpecialTokens"/> returned.</param>
    ReadOnlySpan<int> WithoutSpecialTokens(int[] ids);

    /// <summary>A token as the vocabulary has it, such as <c>##ing</c>.</summary>
    /// <param name="id">Within the vocabulary; the caller checks that.</param>
    string NameOf(int id);

    /// <summary>The text of some ids; null where the file's <c>decoder</c> is of a kind that is not known.</summary>
    /// <param name="ids">Within the vocabulary; the caller checks that.</param>
    string? Decode(ReadOnlySpan<int> ids);
}
