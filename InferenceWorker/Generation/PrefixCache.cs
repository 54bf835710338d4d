namespace AiPlatform.InferenceWorker.Generation;

/// <summary>
/// Keeps rows that have ended, and finds the row with the longest common prefix with a new one. It searches only rows of the same scope.
/// </summary>
internal sealed class PrefixCache(int maxRows)
{
    /// <summary>Least tokens of a kept prefix; computing a shorter one again is cheaper than keeping it.</summary>
    private const int LeastTokens = 16;

    /// <summary>
    /// Tokens of a row that are always computed, because the logits of the last one are needed, and a run of one token may use other
    /// kernels than a run of several.
    /// </summary>
    private const int LeastComputed = 2;

    /// <summary>The kept rows, the least recently used first.</summary>
    private readonly LinkedList<CachedRow> _rows = [];

    public int Count => _rows.Count;

    public bool Wants(GenerationRow row) => maxRows > 0 && row.Request.PrefixScope is not null && row.Computed >= LeastTokens;

    /// <summary>
    /// The row with the longest common prefix with a new row, and the length of this prefix; null and 0 when there is none.
    /// </summary>
    public (object? Source, int Length) Find(GenerationRow row, List<GenerationRow> active)
    {
        var (source, longest) = ((object?)null, LeastTokens - 1);
        if (row.Request.PrefixScope is not { } scope || row.Length - LeastComputed < LeastTokens) return (null, 0);
        var wanted = row.Tokens[..^LeastComputed];
        foreach (var other in active)
        {
            if (other.Request.PrefixScope == scope && Common(wanted, other.Tokens[..other.Computed]) is var length && length > longest)
                (source, longest) = (other, length);
        }

        foreach (var cached in _rows)
        {
            // Among equals a kept row is preferred, because the new row can take it over.
            if (cached.Scope == scope && Common(wanted, cached.Tokens) is var length && length > 0 && length >= longest
                && length >= LeastTokens)
            {
                (source, longest) = (cached, length);
            }
        }

        if (source is CachedRow used) Touch(used);
        return source is null ? (null, 0) : (source, longest);
    }

    /// <summary>Keeps a row.</summary>
    /// <returns>The rows that were removed for it: those that it contains, and those beyond the limit.</returns>
    public List<CachedRow> Add(CachedRow added)
    {
        List<CachedRow> dropped =
            [.. _rows.Where(one => one.Scope == added.Scope && Common(one.Tokens, added.Tokens) == one.Computed)];
        foreach (var one in dropped) Remove(one);
        added.Node = _rows.AddLast(added);
        while (_rows.Count > maxRows) dropped.Add(DropOldest());
        return dropped;
    }

    public void Remove(CachedRow row) => _rows.Remove(row.Node!);

    public CachedRow DropOldest()
    {
        var oldest = _rows.First!.Value;
        _rows.RemoveFirst();
        return oldest;
    }

    private void Touch(CachedRow row)
    {
        _rows.Remove(row.Node!);
        _rows.AddLast(row.Node!);
    }

    private static int Common(ReadOnlySpan<int> one, ReadOnlySpan<int> other) => one.CommonPrefixLength(other);
}

/// <summary>A row that has ended, whose keys and values are kept.</summary>
internal sealed class CachedRow(GenerationRow row, int slot)
{
    private readonly int[] _tokens = row.Tokens[..row.Computed].ToArray();

    public string Scope { get; } = row.Request.PrefixScope!;

    public int Slot { get; set; } = slot;

    /// <summary>How many of its tokens still have keys and values.</summary>
    public int Computed { get; set; } = row.Computed;

    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Computed);

    /// <summary>Its place in the cache's list.</summary>
    public LinkedListNode<CachedRow>? Node { get; set; }
}
