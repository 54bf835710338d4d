namespace AiPlatform.InferenceWorker.Generation;

/// <summary>
/// The rows that have ended and are kept, and the search for the one that begins as a new one does. It looks at the rows of one scope only.
/// </summary>
internal sealed class PrefixCache(int maxRows)
{
    /// <summary>A shorter prefix is sooner computed than looked after.</summary>
    private const int LeastTokens = 16;

    /// <summary>
    /// Tokens of a row that are computed in any case: the last one's logits are needed, and a run of one token may take other kernels than
    /// one of several.
    /// </summary>
    private const int LeastComputed = 2;

    /// <summary>The least recently used first.</summary>
    private readonly LinkedList<CachedRow> _rows = [];

    public int Count => _rows.Count;

    public bool Wants(GenerationRow row) => maxRows > 0 && row.Request.PrefixScope is not null && row.Computed >= LeastTokens;

    /// <summary>The row that has the longest prefix of a new one, and how long that is; null and 0 when none has.</summary>
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
            // Among equal ones a kept row: it may be taken over.
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
    /// <returns>Those that go for it: what it contains, and what is too much.</returns>
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

/// <summary>A row that has ended, of which the keys and values are kept.</summary>
internal sealed class CachedRow(GenerationRow row, int slot)
{
    private readonly int[] _tokens = row.Tokens[..row.Computed].ToArray();

    public string Scope { get; } = row.Request.PrefixScope!;

    public int Slot { get; set; } = slot;

    /// <summary>How many of its tokens are there still.</summary>
    public int Computed { get; set; } = row.Computed;

    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, Computed);

    /// <summary>Its place in the cache's list.</summary>
    public LinkedListNode<CachedRow>? Node { get; set; }
}
