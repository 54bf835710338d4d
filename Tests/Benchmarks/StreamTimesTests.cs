using AiPlatform.Benchmarks.Chat;
using Xunit;

namespace AiPlatform.Tests.Benchmarks;

public sealed class StreamTimesTests
{
    private static readonly TimeProvider Clock = TimeProvider.System;

    [Fact]
    public void PerSecond_StreamsThatBeginApart_CountsFromTheLastBeginOn()
    {
        var (one, other) = (Came((10, 1), (20, 1), (30, 2), (40, 1)), Came((20, 1), (30, 1), (40, 1)));

        // After 20 ms there are 3 tokens and 2 tokens, within 20 ms.
        Assert.Equal(250, StreamTimes.PerSecond([one, other], Clock), 1e-6);
        Assert.Equal((5, 10d), (one.Tokens, one.MillisecondsToFirst));
    }

    [Theory]
    [InlineData(0, 100, 50)]
    [InlineData(25, 28, 15)]
    [InlineData(35, 40, 50)]
    [InlineData(86, 100, 5)]
    public void WorstGapMilliseconds_SpanOfTime_IsTheLongestThatTouchesIt(int from, int to, double expected)
    {
        var sut = Came((10, 1), (20, 1), (35, 1), (85, 1), (90, 1));

        Assert.Equal(expected, sut.WorstGapMilliseconds(At(from), At(to)), 1e-6);
    }

    private static StreamTimes Came(params (int Milliseconds, int Tokens)[] events)
    {
        var times = new StreamTimes(0, Clock);
        foreach (var (milliseconds, tokens) in events) times.Add(tokens, At(milliseconds));
        return times;
    }

    private static long At(int milliseconds) => milliseconds * Clock.TimestampFrequency / 1_000;
}
