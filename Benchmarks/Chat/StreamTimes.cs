namespace AiPlatform.Benchmarks.Chat;

/// <summary>When the tokens of one stream came.</summary>
/// <param name="start">When it was asked for, as <see cref="TimeProvider.GetTimestamp"/> gives it.</param>
/// <param name="time">The clock.</param>
internal sealed class StreamTimes(long start, TimeProvider time)
{
    private readonly List<(long At, int Tokens)> _came = [];

    /// <summary>How many.</summary>
    public int Tokens { get; private set; }

    /// <summary>When the first came.</summary>
    public long FirstAt => _came[0].At;

    /// <summary>When the last came.</summary>
    public long LastAt => _came[^1].At;

    public double MillisecondsToFirst => time.GetElapsedTime(start, FirstAt).TotalMilliseconds;

    public void Add(int tokens, long at)
    {
        if (tokens == 0) return;
        _came.Add((at, tokens));
        Tokens += tokens;
    }

    /// <summary>Tokens a second of all together, from the moment on in which the last of them began.</summary>
    public static double PerSecond(IReadOnlyList<StreamTimes> streams, TimeProvider time)
    {
        var all = streams.Max(stream => stream.FirstAt);
        var tokens = streams.Sum(stream => stream._came.Where(one => one.At > all).Sum(one => one.Tokens));
        return tokens / time.GetElapsedTime(all, streams.Max(stream => stream.LastAt)).TotalSeconds;
    }

    /// <summary>The longest time without a token that touches a span of time.</summary>
    public double WorstGapMilliseconds(long from, long to)
    {
        var worst = TimeSpan.Zero;
        for (var i = 1; i < _came.Count; i++)
        {
            if (_came[i].At < from || _came[i - 1].At > to) continue;
            var gap = time.GetElapsedTime(_came[i - 1].At, _came[i].At);
            if (gap > worst) worst = gap;
        }

        return worst.TotalMilliseconds;
    }
}
