using AiPlatform.InferenceWorker.Generation.Choosing;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>
/// A decoder that computes the logits of next tokens, and keeps the keys and values of earlier tokens in a <see cref="KeyValueMemory"/>.
/// Only one thread may use it at a time.
/// </summary>
internal interface IDecoder : IDisposable
{
    DecoderShape Shape { get; }

    /// <summary>Chooses tokens where the logits are, if these are not in the memory of the process; else null.</summary>
    IDeviceChoice? Choice => null;

    /// <summary>New memory for keys and values, without rows. It must be disposed before the decoder.</summary>
    KeyValueMemory NewMemory() => new(Shape);

    /// <summary>
    /// Computes tokens of one row that follow <paramref name="past"/> computed ones, and writes their keys and values into the row's slot.
    /// </summary>
    /// <returns>The logits after the last token, <c>[vocabulary]</c>; the caller may change them until the next run.</returns>
    Span<float> Prefill(KeyValueMemory memory, int slot, int past, ReadOnlySpan<int> tokens);

    /// <summary>Computes one token for each of the first rows of the memory; row <c>i</c> has <c>pasts[i]</c> computed ones.</summary>
    /// <returns>
    /// The logits, <c>[rows, stride]</c> with <see cref="DecoderShape.LogitsStride"/>; the caller may change them until the next run. Those
    /// of rows that <see cref="Choice"/> narrows are missing.
    /// </returns>
    Span<float> Step(KeyValueMemory memory, ReadOnlySpan<int> tokens, ReadOnlySpan<int> pasts);
}

/// <summary>The sizes of a decoder.</summary>
/// <param name="Layers">Layers with keys and values.</param>
/// <param name="KeyValueHeads">Heads of these.</param>
/// <param name="HeadSize">Numbers of a head.</param>
/// <param name="BytesPerNumber">4 for fp32, 2 for fp16.</param>
/// <param name="VocabularySize">Tokens that may be chosen.</param>
/// <param name="LogitsStride">Logits of the graph for one position, which are more than the vocabulary if the model pads it.</param>
/// <param name="ContextLength">Most tokens of a row.</param>
/// <param name="EndTokens">The tokens that end a text.</param>
internal sealed record DecoderShape(
    int Layers, int KeyValueHeads, int HeadSize, int BytesPerNumber, int VocabularySize, int LogitsStride, int ContextLength,
    IReadOnlyList<int> EndTokens)
{
    /// <summary>Bytes of one position of one row in the cache.</summary>
    public long BytesPerPosition => 2L * Layers * KeyValueHeads * HeadSize * BytesPerNumber;
}
