using System.Numerics.Tensors;
using AiPlatform.InferenceWorker.Generation.Decoder;

namespace AiPlatform.Tests.InferenceWorker.Generation.Fixtures;

/// <summary>
/// A decoder whose next token depends on the whole memory of its row: it writes a number for each token and reads all of them. So a row
/// that was moved, copied or cut wrongly has another text.
/// </summary>
internal sealed unsafe class FakeDecoder : IDecoder
{
    public const int Vocabulary = 97;
    public const int EndToken = 96;

    /// <summary>Its logits are NaN.</summary>
    public const int PoisonToken = 95;

    /// <summary>A run with it fails.</summary>
    public const int BreakingToken = 94;

    private const int Stride = 100;
    private const int Layers = 2;
    private const int Heads = 2;

    private readonly float[] _logits = new float[256 * Stride];

    public DecoderShape Shape { get; init; } = new(Layers, Heads, 1, 4, Vocabulary, Stride, 4_096, [EndToken]);

    /// <summary>Whether every run fails from now on.</summary>
    public volatile bool IsLost;

    /// <summary>Waits in every step while it is not set.</summary>
    public ManualResetEventSlim Gate { get; } = new(initialState: true);

    /// <summary>Tokens of prompts, for each run of some that ended while rows were running; 0 for a step.</summary>
    public List<int> Runs { get; } = [];

    /// <summary>The largest memory that it was given.</summary>
    public long LargestBytes { get; private set; }

    public bool IsDisposed { get; private set; }

    /// <summary>The text of a row that is alone, without any engine: the likeliest token each time.</summary>
    public static List<int> TextOf(ReadOnlySpan<int> prompt, int most, bool mayEnd = true)
    {
        List<int> tokens = [.. prompt];
        var logits = new float[Stride];
        while (tokens.Count < prompt.Length + most)
        {
            var state = 0u;
            for (var i = 0; i < tokens.Count; i++) state = Add(state, NumberOf(tokens[i], i));
            Fill(logits, state, tokens[^1]);
            if (!mayEnd) logits[EndToken] = -100;
            var next = TensorPrimitives.IndexOfMax<float>(logits.AsSpan(0, Vocabulary));
            if (next == EndToken) break;
            tokens.Add(next);
        }

        return tokens[prompt.Length..];
    }

    public Span<float> Prefill(KeyValueMemory memory, int slot, int past, ReadOnlySpan<int> tokens)
    {
        Runs.Add(tokens.Length);
        Compute(memory, slot, past, tokens, _logits);
        return _logits.AsSpan(0, Vocabulary);
    }

    public Span<float> Step(KeyValueMemory memory, ReadOnlySpan<int> tokens, ReadOnlySpan<int> pasts)
    {
        Gate.Wait();
        Runs.Add(0);
        for (var row = 0; row < tokens.Length; row++)
            Compute(memory, row, pasts[row], tokens.Slice(row, 1), _logits.AsSpan(row * Stride, Stride));
        return _logits.AsSpan(0, tokens.Length * Stride);
    }

    public void Dispose() => IsDisposed = true;

    private void Compute(KeyValueMemory memory, int slot, int past, ReadOnlySpan<int> tokens, Span<float> logits)
    {
        if (IsLost || tokens.Contains(BreakingToken)) throw new InvalidOperationException("The device says no.");
        LargestBytes = Math.Max(LargestBytes, memory.Bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot, memory.Rows);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(past + tokens.Length, memory.Positions);
        var state = 0u;
        for (var place = 0; place < 2 * Layers * Heads; place++)
        {
            var numbers = new Span<float>(
                (void*)memory.AddressOf(place / 4, place / 2 % 2 == 1, slot), Heads * memory.Positions)
                .Slice(place % Heads * memory.Positions, memory.Positions);
            for (var i = 0; i < tokens.Length; i++) numbers[past + i] = NumberOf(tokens[i], past + i) + place;
            var found = 0u;
            for (var i = 0; i < past + tokens.Length; i++) found = Add(found, (int)numbers[i] - place);
            if (place > 0 && found != state) throw new InvalidOperationException("Layers and heads differ. This is a bug.");
            state = found;
        }

        Fill(logits, state, tokens[^1]);
    }

    private static int NumberOf(int token, int position) => token * 5_000 + position;

    private static uint Add(uint state, int number) => (state ^ (uint)number) * 16_777_619 + 977;

    private static void Fill(Span<float> logits, uint state, int last)
    {
        for (var i = 0; i < Stride; i++)
        {
            var mixed = (state + (uint)i * 2_654_435_761) * 2_246_822_519;
            mixed ^= mixed >> 15;
            logits[i] = i < Vocabulary ? (mixed % 10_007) / 1_000f : float.MaxValue;
        }

        // Not by chance.
        logits[PoisonToken] = logits[BreakingToken] = -100;
        // Texts end now and then, and are some dozen tokens long.
        logits[EndToken] = state % 67 == 0 ? 100 : -100;
        if (last == PoisonToken) logits[..Vocabulary].Fill(float.NaN);
    }
}
