using System.Buffers;
using System.Globalization;

namespace AiPlatform.InferenceWorker.Text;

/// <summary>The ids of a text while it is encoded: a growing list that begins on the stack and continues in pooled memory.</summary>
/// <param name="start">Its first memory.</param>
/// <param name="stopAbove">With more ids than this it is full, and encoding stops.</param>
internal ref struct TokenIds(Span<int> start, int stopAbove = int.MaxValue)
{
    private Span<int> _ids = start;
    private int[]? _rented;

    /// <summary>Number of ids; a smaller number drops the last ids.</summary>
    public int Count { get; set; }

    /// <summary>Whether it has so many ids that nobody wants to know the others.</summary>
    public readonly bool IsFull => Count > stopAbove;

    public void Add(int id)
    {
        if (Count == _ids.Length)
            Grow(1);
        _ids[Count++] = id;
    }

    public void Add(ReadOnlySpan<int> ids)
    {
        if (ids.Length > _ids.Length - Count)
            Grow(ids.Length);
        ids.CopyTo(_ids[Count..]);
        Count += ids.Length;
    }

    public readonly int[] ToArray() => _ids[..Count].ToArray();

    public void Dispose()
    {
        if (_rented is not null)
            ArrayPool<int>.Shared.Return(_rented);
        this = default;
    }

    private void Grow(int more)
    {
        int[] larger = ArrayPool<int>.Shared.Rent(Math.Max(_ids.Length * 2, Count + more));
        _ids[..Count].CopyTo(larger);
        if (_rented is not null)
            ArrayPool<int>.Shared.Return(_rented);
        _ids = _rented = larger;
    }
}

/// <summary>
/// How many tokens of a text that is too long are counted for its error. The others are not looked for, because a text of some megabytes
/// would take a thousand times the work of the longest one that is accepted.
/// </summary>
internal static class TokenCount
{
    private const int CountedLengths = 4;

    /// <summary>Encoding a text stops with more tokens than this.</summary>
    /// <param name="maxTokens">Most tokens of a text that is accepted.</param>
    public static int StopAbove(int maxTokens) => (int)Math.Min(int.MaxValue, (long)maxTokens * CountedLengths);

    /// <summary>The number of tokens in words.</summary>
    /// <param name="tokens">Those that were counted.</param>
    /// <param name="maxTokens">Most tokens of a text that is accepted.</param>
    public static string Of(int tokens, int maxTokens) => tokens <= StopAbove(maxTokens)
        ? tokens.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"more than {StopAbove(maxTokens)}");
}
