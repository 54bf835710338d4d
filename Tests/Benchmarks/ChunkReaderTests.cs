using System.Text;
using AiPlatform.Benchmarks;
using AiPlatform.Benchmarks.Chat;
using Xunit;

namespace AiPlatform.Tests.Benchmarks;

public sealed class ChunkReaderTests
{
    private const string Stream =
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n: \n\n"
        + "data: {\"choices\":[{\"delta\":{\"content\":\"a \\\"token_ids\\\":[9,9]\"},\"token_ids\":[7]}]}\n\n"
        + "data: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"token_ids\":[8,9,10]}]}\n\ndata: [DONE]\n\n";

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10_000)]
    public void Read_StreamCutAnywhere_CountsItsTokens(int cut)
    {
        var sut = new ChunkReader();

        var tokens = Encoding.UTF8.GetBytes(Stream).Chunk(cut).Sum(part => sut.Read(part));

        Assert.Equal(4, tokens);
        Assert.True(sut.IsDone);
    }

    [Fact]
    public void Read_ErrorEvent_Throws()
    {
        var sut = new ChunkReader();

        var failure = Assert.Throws<BenchmarkException>(() => sut.Read("data: {\"error\":{\"message\":\"lost\"}}\n\n"u8));

        Assert.Contains("lost", failure.Message, StringComparison.Ordinal);
    }
}
