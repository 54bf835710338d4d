using System.Text;
using AiPlatform.Client;
using AiPlatform.Client.Http;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.AI;
using Xunit;
using static AiPlatform.Tests.Client.ScriptedGateway;

namespace AiPlatform.Tests.Client;

/// <summary>How a streamed chat ends, and that its reader notices it.</summary>
public sealed class StreamEndTests
{
    private const string Chunk = """
        data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"\"error\" Yes"}}]}
        """;

    private const string Error = """
        data: {"error":{"message":"Too late.","type":"server_error","param":null,"code":"deadline_exceeded"}}
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stream_ErrorEvent_IsAnExceptionAfterWhatCameBefore()
    {
        var sut = new ScriptedGateway(Events($"{Chunk}\n\n{Error}\n\n"));
        using var client = sut.Client();
        var text = new StringBuilder();

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => ReadAsync(client, text));

        Assert.Equal("\"error\" Yes", text.ToString());
        Assert.Equal(("Too late.", "deadline_exceeded", true), (error.Message, error.Code, error.IsRetryable));
    }

    [Fact]
    public async Task Stream_WithoutDone_IsAnException()
    {
        var sut = new ScriptedGateway(Events($"{Chunk}\n\n"));
        using var client = sut.Client();
        var text = new StringBuilder();

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => ReadAsync(client, text));

        Assert.Equal(("\"error\" Yes", "unavailable"), (text.ToString(), error.Code));
        Assert.Contains("ended before its end", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("job_1", 60)]
    [InlineData(null, 360)]
    public async Task Stream_NothingComes_IsAnExceptionAfterAWhile(string? job, int ended)
    {
        var sut = new ScriptedGateway(Events($"{Chunk}\n\n", isOpen: true, job));
        using var client = sut.Client();

        var error = await Assert.ThrowsAsync<AiPlatformException>(() => sut.EndAsync(ReadAsync(client, new StringBuilder())));

        Assert.Equal(("unavailable", ended), (error.Code, (int)(sut.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds));
    }

    [Fact]
    public void Stream_NotAsynchronous_ThrowsToo()
    {
        var sut = new ScriptedGateway(Events($"{Chunk}\n\n{Error}\n\n"));
        using var client = sut.Client();

        Assert.Throws<AiPlatformException>(() => client.OpenAI.GetChatClient("m").CompleteChatStreaming("Is it?").Count());
    }

    /// <summary>Wherever a connection splits a stream, it ends in the same way, and the lines before its end are read.</summary>
    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public async Task CallStream_SplitAnywhere_EndsTheSame(string newline)
    {
        var regular = Lines(newline, ": \n\n" + Chunk, "data: {\"error\":null}", "data: [DONE]");
        var failed = Lines(newline, Chunk, ": \"error\"", Error, Chunk);
        var broken = Lines(newline, Chunk, "data: [DONE", "data: x [DONE]", ": data: [DONE]");
        var before = Lines(newline, Chunk, ": \"error\"");

        for (var at = 0; at <= regular.Length; at++) Assert.Equal((regular, null), await EndOfAsync(regular, at));
        for (var at = 0; at <= broken.Length; at++)
        {
            var (text, error) = await EndOfAsync(broken, at);
            Assert.Equal((broken, "unavailable"), (text, error?.Code));
        }

        for (var at = 0; at <= failed.Length; at++)
        {
            var (text, error) = await EndOfAsync(failed, at);
            Assert.Equal("Too late.", error?.Message);
            // A part of the error's line may have been read before it was known as one. A line that has no end is no event.
            Assert.StartsWith(before, text, StringComparison.Ordinal);
            Assert.True(text.Length <= before.Length + Error.Length);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task CallStream_ManySmallReads_EndTheSame(int step)
    {
        var bytes = Encoding.UTF8.GetBytes(Lines("\r\n", Chunk, Error.Replace("data: ", "data:", StringComparison.Ordinal)));
        using var sut = new StreamReader(new CallStream(new ChoppedStream(bytes, step), address: null));

        Assert.Equal("Too late.", (await Assert.ThrowsAsync<AiPlatformException>(() => sut.ReadToEndAsync(Ct))).Message);
    }

    [Fact]
    public async Task Stream_ReaderLeaves_ClosesTheConnection()
    {
        var connection = new MemoryStream(Encoding.UTF8.GetBytes($"{Chunk}\n\n{Chunk}\n\n"));
        var sut = new ScriptedGateway(_ => Task.FromResult(new HttpResponseMessage
        {
            Content = new StreamContent(connection) { Headers = { ContentType = new("text/event-stream") } },
        }));
        using var client = sut.Client();

        await client.GetChatClient("m").GetStreamingResponseAsync("Is it?", cancellationToken: Ct).FirstAsync(Ct);

        Assert.False(connection.CanRead);
    }

    private static string Lines(string newline, params string[] events) =>
        string.Concat(events.Select(one => one + "\n\n")).Replace("\n", newline, StringComparison.Ordinal);

    private static async Task<(string Text, AiPlatformException? Error)> EndOfAsync(string stream, int at)
    {
        var bytes = Encoding.UTF8.GetBytes(stream);
        await using var sut = new CallStream(new SplitStream(bytes, at), address: null);
        var text = new MemoryStream();
        var buffer = new byte[bytes.Length + 1];
        try
        {
            while (await sut.ReadAsync(buffer, Ct) is > 0 and var read) text.Write(buffer, 0, read);
            return (Encoding.UTF8.GetString(text.ToArray()), null);
        }
        catch (AiPlatformException error)
        {
            return (Encoding.UTF8.GetString(text.ToArray()), error);
        }
    }

    private static async Task<int> ReadAsync(AiPlatformClient client, StringBuilder text)
    {
        await foreach (var update in client.GetChatClient("m").GetStreamingResponseAsync("Is it?", cancellationToken: Ct))
            text.Append(update.Text);
        return text.Length;
    }

    /// <summary>Returns what is before a point, then the rest.</summary>
    private sealed class SplitStream(byte[] bytes, int at) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(Position < at ? buffer[..(int)(at - Position)] : buffer, cancellationToken);
    }
}
