using AiPlatform.Benchmarks.Chat;
using Xunit;

namespace AiPlatform.Tests.Benchmarks;

public sealed class ChatTargetTests
{
    [Theory]
    [InlineData("one stream, tokens/s of a bare ONNX Runtime loop's", 95, true)]
    [InlineData("one stream, tokens/s of a bare ONNX Runtime loop's", 94, false)]
    [InlineData("one stream, tokens/s of llama.cpp's", 94, true)]
    public void IsMet_OneStream_ComparesTheRatio(string what, double one, bool isMet)
    {
        var sut = ChatTarget.All.Single(target => target.What == what);

        Assert.Equal(isMet, sut.IsMet(sut.Value([Run(one)])));
    }

    [Fact]
    public void TableOf_Runs_NamesEachTargetWithTheMedianAndWhetherItIsMet()
    {
        var table = ChatBenchmark.TableOf([Run(80), Run(96), Run(100)]);

        Assert.Contains("| one stream, tokens/s of a bare ONNX Runtime loop's | ≥ 0.95 | 0.96 | met |", table, StringComparison.Ordinal);
        Assert.Contains("| CPU of Redis for a streamed token, eight streams | ≤ 20 µs | 30 µs | MISSED |", table, StringComparison.Ordinal);
    }

    [Fact]
    public void RowsOf_Runs_DividesATimeByItsGoal()
    {
        var row = ChatBenchmark.RowsOf([Run(100)]).Last();

        Assert.Equal(("30 µs", "goal: ≤ 20 µs", 1.5), (row.Ours, row.Peer, row.Ratio));
    }

    private static ChatMeasurement Run(double one) => new()
    {
        OneStream = one,
        EightStreams = 300,
        SixteenStreams = 400,
        BareOne = 100,
        BareEight = 310,
        PeerOne = 90,
        PeerEight = 110,
        First = 50,
        BareFirst = 48,
        PeerFirst = 40,
        WorstGap = 140,
        LongFirst = 900,
        SecondTurn = 60,
        BareFirstTurn = 600,
        GatewayMicroseconds = 40,
        RedisMicroseconds = 30,
        WorkerMicroseconds = 6_000,
        Scripts = 0.2,
        OtherCores = 0,
    };
}
