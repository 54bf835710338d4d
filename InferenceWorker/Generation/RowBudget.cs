using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Models;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>
/// Computes how many rows of which length fit into the memory. All rows have room for as many positions as the longest row.
/// </summary>
internal sealed class RowBudget
{
    private const int LeastTokens = 16;

    private readonly GenerationOptions _options;
    private readonly int _positions;

    /// <exception cref="ModelProblemException">There is not enough memory for one row.</exception>
    public RowBudget(DecoderShape shape, GenerationOptions options, string model)
    {
        _options = options;
        var bytes = (long)options.MemoryMiB * 1024 * 1024;
        _positions = (int)Math.Min(int.MaxValue, bytes / shape.BytesPerPosition);
        MaxTokensPerRow = Math.Min(shape.ContextLength, _positions);
        if (MaxTokensPerRow < Math.Min(LeastTokens, shape.ContextLength))
        {
            throw new ModelProblemException(
                $"{model}: {GenerationOptions.SectionName}:{nameof(GenerationOptions.MemoryMiB)} is {options.MemoryMiB}, but a token takes "
                + $"{shape.BytesPerPosition} bytes: there is no memory for a row of {LeastTokens} tokens. Allow more.");
        }

        EvenPositions = Math.Max(2, Math.Min(shape.ContextLength, _positions / options.MaxRows));
    }

    public int MaxRows => _options.MaxRows;

    public int MaxCachedRows => _options.CachedRows;

    /// <summary>Most tokens of a row, prompt and text together, as limited by the model's context or by the memory.</summary>
    public int MaxTokensPerRow { get; }

    /// <summary>Positions of each row when the memory is divided among all.</summary>
    private int EvenPositions { get; }

    /// <summary>Positions for which there must be room before a row begins.</summary>
    public int NeedOf(int length, int maxLength) => (int)Math.Min(maxLength, (long)length + _options.ReservedTokens);

    public bool Fits(int rows, int positions) => rows <= MaxRows && (long)rows * positions <= _positions;

    /// <summary>
    /// The positions for each of these rows when one of them needs this many. They are somewhat more, so that the memory is seldom divided
    /// again.
    /// </summary>
    public int PositionsFor(int rows, int needed)
    {
        if (needed <= EvenPositions && Fits(rows, EvenPositions)) return EvenPositions;
        return Math.Max(needed, (int)Math.Min(Math.Min(needed + needed / 2L, MaxTokensPerRow), _positions / rows));
    }

    /// <summary>The number of slots with this many positions each, for rows and for kept rows.</summary>
    public int SlotsFor(int positions) => Math.Min(MaxRows + MaxCachedRows, _positions / positions);
}
