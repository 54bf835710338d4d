namespace AiPlatform.InferenceWorker.Text;

/// <summary>The special tokens before and after a text, from the post-processor's template for one text.</summary>
internal sealed class SpecialTokenTemplate(int[] before, int[] after)
{
    private readonly int[] _before = before;
    private readonly int[] _after = after;

    public ReadOnlySpan<int> Before => _before;

    public ReadOnlySpan<int> After => _after;

    public int Count => _before.Length + _after.Length;

    public int[] Around(ReadOnlySpan<int> plainIds, int maxTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, Count);
        return [.. _before, .. plainIds[..Math.Min(plainIds.Length, maxTokens - Count)], .. _after];
    }

    /// <summary>The ids of an encoded text without its special tokens.</summary>
    public ReadOnlySpan<int> Inside(int[] ids) => ids.AsSpan(_before.Length..^_after.Length);

    public int[] Truncate(int[] ids, int maxTokens)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, Count);
        if (ids.Length < Count || !ids.AsSpan().StartsWith(_before) || !ids.AsSpan().EndsWith(_after))
            throw new ArgumentException($"The {ids.Length} ids are not between the special tokens of an encoded text.", nameof(ids));
        return ids.Length <= maxTokens ? ids : Around(ids.AsSpan(_before.Length..^_after.Length), maxTokens);
    }
}
