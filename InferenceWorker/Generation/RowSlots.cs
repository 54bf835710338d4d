using AiPlatform.InferenceWorker.Generation.Decoder;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>
/// Assigns the slots of the memory to rows. The rows that take part in steps have the first slots, without gaps. After them are the rows
/// whose prompts are being computed, ended rows that are kept for their prefix, and free slots. Only the engine's thread uses it.
/// </summary>
internal sealed class RowSlots(IDecoder decoder, RowBudget budget) : IDisposable
{
    private readonly Occupant?[] _slots = new Occupant?[budget.MaxRows + budget.MaxCachedRows];
    private readonly List<GenerationRow> _active = [];
    private readonly PrefixCache _cache = new(budget.MaxCachedRows);

    /// <summary>The occupant of a slot: a row, or a kept row.</summary>
    private sealed record Occupant(GenerationRow? Row, CachedRow? Cached)
    {
        public int Computed => Row?.Computed ?? Cached!.Computed;

        public void MoveTo(int slot)
        {
            if (Row is not null) Row.Slot = slot;
            else Cached!.Slot = slot;
        }
    }

    public KeyValueMemory Memory { get; } = decoder.NewMemory();

    /// <summary>Rows with a slot, including those whose prompt is being computed.</summary>
    public IReadOnlyList<GenerationRow> Active => _active;

    /// <summary>Rows that take part in steps; they have the slots from 0 on.</summary>
    public int Decoding { get; private set; }

    public int CachedRows => _cache.Count;

    public GenerationRow DecodingRow(int slot) => _slots[slot]!.Row!;

    /// <summary>Gives a row a slot, with the prefix of another row if there is one; false while there is no room.</summary>
    /// <exception cref="OutOfMemoryException">The system has no memory for it; at most kept rows are gone.</exception>
    public bool TryPlace(GenerationRow row)
    {
        var rows = _active.Count + 1;
        var needed = budget.NeedOf(row.Length, row.MaxLength);
        if (rows > budget.MaxRows) return false;
        if (rows > Memory.Rows || needed > Memory.Positions)
        {
            foreach (var other in _active) needed = Math.Max(needed, budget.NeedOf(other.Length, other.MaxLength));
            if (!budget.Fits(rows, needed)) return false;
            // The row with its prefix counts as used, so it is not removed to make room.
            _cache.Find(row, _active);
            Reshape(budget.PositionsFor(rows, needed), rows);
        }

        var (source, length) = _cache.Find(row, _active);
        row.Slot = source is CachedRow kept && (IsMostOf(kept, length) || !HasSlotBeside(kept)) ? TakeOver(kept) : TakeFree();
        if (source is not null && SlotOf(source) != row.Slot) Memory.CopyRow(SlotOf(source), row.Slot, length);
        row.Computed = length;
        if (row.CachedTokens < 0) row.CachedTokens = Math.Min(length, row.Request.Prompt.Length);
        _slots[row.Slot] = new Occupant(row, null);
        _active.Add(row);
        return true;
    }

    /// <summary>Lets a row whose prompt has been computed take part in steps from now on.</summary>
    public void Join(GenerationRow row)
    {
        if (row.Slot != Decoding) Exchange(row.Slot, Decoding);
        Decoding++;
    }

    /// <summary>Removes a row that has ended, or releases its slot. It may be kept for its prefix.</summary>
    public void Remove(GenerationRow row, bool keep)
    {
        keep = keep && _cache.Wants(row);
        _active.Remove(row);
        var slot = row.Slot;
        if (!keep) _slots[slot] = null;
        if (slot < Decoding)
        {
            Decoding--;
            if (slot != Decoding) Exchange(Decoding, slot);
            slot = Decoding;
        }

        row.Slot = -1;
        if (!keep) return;
        var cached = new CachedRow(row, slot);
        _slots[slot] = new Occupant(null, cached);
        foreach (var dropped in _cache.Add(cached)) _slots[dropped.Slot] = null;
    }

    /// <summary>Lets all rows go. Nothing is moved in the memory, because the device may run nothing any more.</summary>
    public IReadOnlyList<GenerationRow> Abandon()
    {
        List<GenerationRow> abandoned = [.. _active];
        foreach (var row in abandoned) row.Slot = -1;
        while (_cache.Count > 0) _cache.DropOldest();
        _active.Clear();
        Array.Clear(_slots);
        Decoding = 0;
        return abandoned;
    }

    /// <summary>Gives every row this many positions; false when there is not enough memory for all rows.</summary>
    /// <exception cref="OutOfMemoryException">The system has no memory for it; at most kept rows are gone.</exception>
    public bool TryGrow(int positions)
    {
        if (!budget.Fits(_active.Count, positions)) return false;
        var roomy = positions;
        foreach (var row in _active) roomy = Math.Max(roomy, budget.NeedOf(row.Length, row.MaxLength));
        Reshape(budget.PositionsFor(_active.Count, budget.Fits(_active.Count, roomy) ? roomy : positions), _active.Count);
        return true;
    }

    public void Dispose() => Memory.Dispose();

    private static bool IsMostOf(CachedRow kept, int length) => length >= kept.Computed - kept.Computed / 4;

    private static int SlotOf(object source) => source is GenerationRow row ? row.Slot : ((CachedRow)source).Slot;

    private bool HasSlotBeside(CachedRow kept)
    {
        for (var slot = 0; slot < Memory.Rows; slot++)
            if (_slots[slot] is null || _slots[slot]!.Cached is { } other && other != kept) return true;
        return false;
    }

    private int TakeOver(CachedRow kept)
    {
        _cache.Remove(kept);
        return kept.Slot;
    }

    /// <summary>Takes a free slot, if possible the one after the decoding rows, so that the row need not be moved later.</summary>
    private int TakeFree()
    {
        var free = Array.FindIndex(_slots, 0, Memory.Rows, occupant => occupant is null);
        if (free < 0)
        {
            var oldest = _cache.DropOldest();
            _slots[oldest.Slot] = null;
            free = oldest.Slot;
        }

        if (_slots[Decoding]?.Cached is null) return free;
        Exchange(Decoding, free);
        return Decoding;
    }

    /// <summary>Exchanges the contents of two slots; a free slot is not copied.</summary>
    private void Exchange(int from, int to)
    {
        var (one, other) = (_slots[from], _slots[to]);
        if (other is null) Memory.CopyRow(from, to, one!.Computed);
        else Memory.SwapRows(from, to, Math.Max(one!.Computed, other.Computed));
        (_slots[from], _slots[to]) = (other, one);
        one.MoveTo(to);
        other?.MoveTo(from);
    }

    /// <summary>
    /// Divides the memory again, with room for this many rows. The oldest kept rows are removed if there is no room for them. If the system
    /// has less memory than the settings allow, there are slots for these rows only.
    /// </summary>
    private void Reshape(int positions, int rows)
    {
        var slots = Math.Max(rows, budget.SlotsFor(positions));
        try
        {
            Reshape(positions, rows, slots);
        }
        catch (OutOfMemoryException) when (slots > rows)
        {
            Reshape(positions, rows, rows);
        }
    }

    private void Reshape(int positions, int rows, int slots)
    {
        while (rows + _cache.Count > slots) _slots[_cache.DropOldest().Slot] = null;
        var occupants = _slots.Where(occupant => occupant is not null).ToArray();
        Memory.Reshape(slots, positions, [.. occupants.Select(one => new KeptRow(one!.Row?.Slot ?? one.Cached!.Slot, one.Computed))]);
        Array.Clear(_slots);
        for (var slot = 0; slot < occupants.Length; slot++)
        {
            _slots[slot] = occupants[slot];
            occupants[slot]!.MoveTo(slot);
            if (occupants[slot]!.Cached is { } cached) cached.Computed = Math.Min(cached.Computed, positions);
        }
    }
}
