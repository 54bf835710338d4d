namespace AiPlatform.InferenceWorker.Generation.Sampling;

/// <summary>
/// Counter-based random numbers. Each depends only on seed, choice and position, and not on other rows or on the process. The numbers are
/// part of the promise of a seed, so they must not change.
/// </summary>
internal static class TokenDraw
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>The number at a position, at least 0 and less than 1.</summary>
    public static double Next(ulong seed, int choice, int position)
    {
        var state = Mix(seed + Golden);
        state = Mix(state ^ ((uint)choice + Golden));
        state = Mix(state ^ ((uint)position + (Golden << 1)));
        return (state >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>The finalizer of SplitMix64.</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
