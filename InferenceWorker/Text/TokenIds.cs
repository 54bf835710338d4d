using System.Buffers;

namespace AiPlatform.InferenceWorker.Text;

/// <summary>The ids of a text while it is encoded: a growing list that begins on the stack and continues in pooled memory.</summary>
internal ref struct TokenIds(Span<int> start)
{
    private Span<int> _ids = start;
    private int[]? _rented;

    /// <summary>Number of ids; a smaller number drops the last ids.</summary>
    public int Count { get; set; }

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
