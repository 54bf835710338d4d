namespace AiPlatform.InferenceWorker.Text;

/// <summary>The special tokens before, between and after the two texts of a pair.</summary>
internal sealed class PairTemplate(int[] before, int[] between, int[] after)
{
    public int Count => before.Length + between.Length + after.Length;

    /// <summary>The ids of both texts with the special tokens, and where the second text's begin.</summary>
    public (int[] Ids, int SecondAt) Around(ReadOnlySpan<int> first, ReadOnlySpan<int> second, int maxTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, Count);
        var (one, other) = Fitting(first.Length, second.Length, maxTokens - Count);
        int[] ids = [.. before, .. first[..one], .. between, .. second[..other], .. after];
        return (ids, before.Length + one + between.Length);
    }

    /// <summary>What is left of two lengths when the longer is cut until both fit, and both to half where neither is short.</summary>
    private static (int First, int Second) Fitting(int first, int second, int room)
    {
        if ((long)first + second <= room) return (first, second);

        var shorter = Math.Min(first, second);
        var longer = Math.Max(shorter, room - shorter);
        if ((long)shorter + longer > room) (shorter, longer) = (room / 2, room - (room / 2));
        return first <= second ? (shorter, longer) : (longer, shorter);
    }
}
