namespace AiPlatform.InferenceWorker.Text;

/// <summary>The special tokens before, between and after the two texts of a pair.</summary>
internal sealed class PairTemplate(int[] before, int[] between, int[] after)
{
    public int Count => before.Length + between.Length + after.Length;

    /// <summary>The ids of both texts with the special tokens, and the index at which those of the second text begin.</summary>
    public (int[] Ids, int SecondAt) Around(ReadOnlySpan<int> first, ReadOnlySpan<int> second, int maxTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, Count);
        var (one, other) = Fitting(first.Length, second.Length, maxTokens - Count);
        int[] ids = [.. before, .. first[..one], .. between, .. second[..other], .. after];
        return (ids, before.Length + one + between.Length);
    }

    /// <summary>The lengths after cutting the longer text until both fit; if neither is short, each gets half of the room.</summary>
    private static (int First, int Second) Fitting(int first, int second, int room)
    {
        if ((long)first + second <= room) return (first, second);

        var shorter = Math.Min(first, second);
        var longer = Math.Max(shorter, room - shorter);
        if ((long)shorter + longer > room) (shorter, longer) = (room / 2, room - (room / 2));
        return first <= second ? (shorter, longer) : (longer, shorter);
    }
}
