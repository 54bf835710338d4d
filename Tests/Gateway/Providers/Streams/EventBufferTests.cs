using System.Text;
using AiPlatform.Gateway.Providers.Streams;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Streams;

public sealed class EventBufferTests
{
    [Theory]
    [InlineData("data: a\n\ndata: b\n\n", "data: a\n\n", "data: b\n\n")]
    [InlineData("data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\n\r\n", "data: b\r\n\r\n")]
    [InlineData("data: a\n\r\n: ping\n\n", "data: a\n\r\n", ": ping\n\n")]
    [InlineData("event: x\ndata: a\ndata: b\n\n", "event: x\ndata: a\ndata: b\n\n")]
    [InlineData("data: [DONE]", "data: [DONE]\n\n")]
    [InlineData("\uFEFFdata: a\n\n\uFEFFdata: b\n\n", "data: a\n\n", "\uFEFFdata: b\n\n")]
    [InlineData("data: a\r\rdata: b\r\r", "data: a\r\r", "data: b\r\r")]
    [InlineData("\n\r\ndata: a\r\n\n\n\ndata: b\n\n", "\n\r\ndata: a\r\n\n", "\n\ndata: b\n\n")]
    [InlineData("data: a\rid: 1\r\rdata: b", "data: a\rid: 1\r\r", "data: b\n\n")]
    public async Task ReadAsync_AnyCut_GivesTheSameEvents(string stream, params string[] events)
    {
        for (var step = 1; step <= stream.Length; step++)
        {
            using var sut = new EventBuffer(new ChoppedStream(Encoding.UTF8.GetBytes(stream), step), 1_000);
            Assert.Equal(events, await AllAsync(sut));
        }
    }

    [Fact]
    public async Task ReadAsync_LargerThanMayBe_SaysSo()
    {
        using var sut = new EventBuffer(new ChoppedStream(Encoding.UTF8.GetBytes($"data: {new string('x', 20_000)}\n\n"), 7_000), 10_000);

        Assert.False(await sut.ReadAsync(CancellationToken.None));
        Assert.True(sut.IsFull);
    }

    [Theory]
    [InlineData("data: a\n\n", "a")]
    [InlineData("data:a\r\n\r\n", "a")]
    [InlineData("id: 1\ndata: a\ndata:  b\n\n", "a\n b")]
    [InlineData(": comment\n\n", "")]
    [InlineData("\n\r\n\n", "")]
    [InlineData("data\ndata: \n\n", "")]
    [InlineData("data: a\rdata:b\r\r", "a\nb")]
    [InlineData("database: x\ndata: a\n\n", "a")]
    public void Read_Event_IsWhatItsDataLinesSay(string one, string data) =>
        Assert.Equal(data, Encoding.UTF8.GetString(StreamEvent.Read(Encoding.UTF8.GetBytes(one)).Data.Span));

    [Theory]
    [InlineData("data: {}\n\n", "data: {}\n\n")]
    [InlineData("data:{}\n\n", "data:{}\n\n")]
    [InlineData("data:{}\r\r", "data:{}\n\n")]
    [InlineData("data: {}\r\n\r\n", "data: {}\n\n")]
    [InlineData("\n\ndata:{}\n\n", "data: {}\n\n")]
    [InlineData("id: 1\nevent: x\ndata: {\ndata: }\n: hi\n\n", "data: { }\n\n")]
    [InlineData("data\ndata:{}\n\n", "data: {}\n\n")]
    [InlineData(": hi\n\n", ":\n\n")]
    [InlineData("x\r\r", ":\n\n")]
    [InlineData("data:\n\n", ":\n\n")]
    [InlineData("\n\n", "")]
    public void WriteTo_Event_IsOneLineOfDataOrAComment(string one, string written)
    {
        var bytes = Encoding.UTF8.GetBytes(one);

        Assert.Equal(written, Encoding.UTF8.GetString(StreamEvent.Read(bytes).WriteTo(bytes).Span));
    }

    /// <summary>An event of very many lines is read once, and not once for each line.</summary>
    [Fact]
    public void Read_VeryManyDataLines_CopiesEachOnce()
    {
        const int Lines = 200_000;
        var one = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("data: x\n", Lines)) + "\n");
        var before = GC.GetAllocatedBytesForCurrentThread();

        var read = StreamEvent.Read(one);

        Assert.Equal((2 * Lines) - 1, read.Data.Length);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 * one.Length);
    }

    private static async Task<List<string>> AllAsync(EventBuffer sut)
    {
        List<string> events = [];
        while (await sut.ReadAsync(CancellationToken.None))
        {
            for (var rest = sut.Events; !rest.IsEmpty;)
            {
                var length = EventBuffer.LengthOfFirst(rest.Span);
                events.Add(Encoding.UTF8.GetString(rest.Span[..length]));
                rest = rest[length..];
            }

            sut.Release();
        }

        return events;
    }
}
