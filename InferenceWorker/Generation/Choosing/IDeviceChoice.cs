namespace AiPlatform.InferenceWorker.Generation.Choosing;

/// <summary>
/// Finds the likeliest tokens of rows where their logits are, so that whole logits need not be copied from there. A step has four parts:
/// <see cref="Begin"/> and <see cref="Narrow"/>, the decoder's run, <see cref="MaskOf"/> and <see cref="Run"/>, and <see cref="TryGet"/>.
/// </summary>
internal interface IDeviceChoice
{
    /// <summary>How many of the likeliest tokens it finds.</summary>
    int Count { get; }

    /// <summary>Begins a step of rows, of which all logits are wanted.</summary>
    void Begin(int rows);

    /// <summary>Says that of a row only the likeliest allowed tokens are wanted.</summary>
    void Narrow(int row);

    bool IsNarrow(int row);

    /// <summary>Says after the decoder's run that all logits of a row are wanted after all.</summary>
    void Widen(int row);

    /// <summary>
    /// The mask of a narrowed row, in which tokens may be forbidden: bit <c>i % 8</c> of number <c>i / 8</c> is token <c>i</c>.
    /// </summary>
    Span<int> MaskOf(int row);

    /// <summary>Finds the tokens of all narrowed rows.</summary>
    void Run();

    /// <summary>The likeliest tokens of a row, with their logits; false if there are all its logits instead.</summary>
    bool TryGet(int row, out ReadOnlySpan<long> tokens, out ReadOnlySpan<float> logits);
}
