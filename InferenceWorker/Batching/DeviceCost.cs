namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// The cost of a run on a device: a fixed part, and a part for each token (padding included) beyond the free ones. On a CPU every token
/// costs, and the run itself a little. On a GPU the run costs, and tokens only when the GPU is full. The cost of attention, which grows
/// with the square of the length, is left out, so padding of long rows is a little dearer than this function says.
/// </summary>
/// <param name="FixedSeconds">The time of the smallest run.</param>
/// <param name="SecondsPerToken">The time that each token beyond the free ones adds.</param>
/// <param name="FreeTokens">Tokens (rows × longest) that cost no more than the smallest run.</param>
internal readonly record struct DeviceCost(double FixedSeconds, double SecondsPerToken, int FreeTokens)
{
    /// <summary>A run has a useful length when a token costs at most this part more than in an infinitely long run.</summary>
    private const double NegligiblePart = 0.05;

    /// <summary>The useful number of tokens in a run. More tokens save almost nothing, and the rows that wait wait longer.</summary>
    public int UsefulTokens
    {
        get
        {
            var tokens = (FixedSeconds - (SecondsPerToken * FreeTokens)) / (SecondsPerToken * NegligiblePart);
            return tokens < int.MaxValue ? Math.Max(Math.Max(FreeTokens, 1), (int)Math.Ceiling(tokens)) : int.MaxValue;
        }
    }

    /// <summary>Fits the cost to 1 or more samples, with the least relative errors.</summary>
    public static DeviceCost Fit(IReadOnlyCollection<CostSample> samples)
    {
        var best = default(DeviceCost);
        var leastError = double.PositiveInfinity;
        foreach (var free in samples.Select(sample => sample.Tokens).Order().SkipLast(1).Prepend(0))
        {
            var cost = FitWithFree(samples, free);
            var error = samples.Sum(sample => Square(1 - (cost.SecondsOf(sample.Tokens) / sample.Seconds)));
            if (error >= leastError) continue;
            (best, leastError) = (cost, error);
        }

        return best;
    }

    public double SecondsOf(long tokens) => FixedSeconds + (SecondsPerToken * Math.Max(0, tokens - FreeTokens));

    /// <summary>Seconds saved by one more row in a run, instead of running it alone; negative when the padding costs more.</summary>
    /// <param name="rows">Rows of the run so far, 1 or more.</param>
    /// <param name="longest">The length of the longest of them.</param>
    /// <param name="length">Tokens of the row that would join.</param>
    public double GainOf(int rows, int longest, int length) =>
        SecondsOf((long)rows * longest) + SecondsOf(length) - SecondsOf((rows + 1L) * Math.Max(longest, length));

    /// <summary>Fits a line by weighted least squares, with weights for relative errors.</summary>
    private static DeviceCost FitWithFree(IReadOnlyCollection<CostSample> samples, int free)
    {
        double weights = 0, tokens = 0, seconds = 0;
        foreach (var sample in samples)
        {
            var weight = 1 / Square(sample.Seconds);
            weights += weight;
            tokens += weight * Paid(sample, free);
            seconds += weight * sample.Seconds;
        }

        double meanTokens = tokens / weights, meanSeconds = seconds / weights, variance = 0, covariance = 0;
        foreach (var sample in samples)
        {
            var weight = 1 / Square(sample.Seconds);
            variance += weight * Square(Paid(sample, free) - meanTokens);
            covariance += weight * (Paid(sample, free) - meanTokens) * (sample.Seconds - meanSeconds);
        }

        var perToken = variance > 0 ? Math.Max(0, covariance / variance) : 0;
        return new DeviceCost(Math.Max(0, meanSeconds - (perToken * meanTokens)), perToken, free);
    }

    private static double Paid(CostSample sample, int free) => Math.Max(0, sample.Tokens - free);

    private static double Square(double value) => value * value;
}

/// <summary>One measured run.</summary>
/// <param name="Rows">Its rows.</param>
/// <param name="Length">Tokens of each.</param>
/// <param name="Seconds">How long it took.</param>
internal readonly record struct CostSample(int Rows, int Length, double Seconds)
{
    public int Tokens => Rows * Length;
}
