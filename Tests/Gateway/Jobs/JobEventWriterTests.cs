using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.Results.Following;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Jobs;

public sealed class JobEventWriterTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly ManualTime _time = new();
    private readonly Pipe _pipe = new();
    private readonly Channel<EventPage> _pages = Channel.CreateUnbounded<EventPage>();
    private readonly CancellationTokenSource _end = new();
    private bool _ended;

    public void Dispose() => _end.Dispose();

    [Fact]
    public async Task WriteAsync_NothingHappens_BeatsEveryFifteenSeconds()
    {
        var writing = CreateSut().WriteAsync(PagesAsync(), 0, _end.Token);

        for (var beat = 0; beat < 3; beat++)
        {
            await Poll.UntilAsync(() => _time.Waiting == 1, "the writer waits");
            _time.Advance(TimeSpan.FromSeconds(14.9));
            Assert.False(_pipe.Reader.TryRead(out _));
            _time.Advance(TimeSpan.FromSeconds(0.1));
            Assert.Equal(": \n\n", await ReadAsync());
        }

        _pages.Writer.Complete();
        await writing.WaitAsync(Bound);
    }

    [Fact]
    public async Task WriteAsync_EventsBetweenBeats_AreWrittenAtOnce()
    {
        var writing = CreateSut().WriteAsync(PagesAsync(), 7, _end.Token);
        await Poll.UntilAsync(() => _time.Waiting == 1, "the writer waits");
        _time.Advance(EventHeartbeat.Interval);
        Assert.Equal(": \n\n", await ReadAsync());

        _pages.Writer.TryWrite(new EventPage(Job(), [new JobEvent(9, JobEvent.Output, "{}"), new JobEvent(10, JobEvent.Progress, "1")]));
        var text = await ReadAsync();
        _pages.Writer.Complete();
        await writing.WaitAsync(Bound);

        Assert.Equal("event: gap\ndata: {\"after\":7}\n\nid: 9\nevent: output\ndata: {}\n\nid: 10\nevent: progress\ndata: 1\n\n", text);
    }

    [Fact]
    public async Task WriteAsync_Canceled_EndsThePages()
    {
        var writing = CreateSut().WriteAsync(PagesAsync(), 0, _end.Token);
        await Poll.UntilAsync(() => _time.Waiting == 1, "the writer waits");

        await _end.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing.WaitAsync(Bound));
        Assert.True(_ended);
    }

    private JobEventWriter CreateSut() => new(_pipe.Writer, _time);

    private async IAsyncEnumerable<EventPage> PagesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            await foreach (var page in _pages.Reader.ReadAllAsync(cancellationToken)) yield return page;
        }
        finally
        {
            _ended = true;
        }
    }

    private async Task<string> ReadAsync()
    {
        var read = await _pipe.Reader.ReadAsync().AsTask().WaitAsync(Bound);
        var text = Encoding.UTF8.GetString(read.Buffer);
        _pipe.Reader.AdvanceTo(read.Buffer.End);
        return text;
    }

    private static Job Job() => new()
    {
        Id = JobId.New(QueueName.ForModel("m"), DateTimeOffset.UnixEpoch),
        Status = JobStatus.Running,
        Endpoint = EmbeddingTask.Endpoint,
        Model = "m",
        Tenant = Tenants.Anonymous,
        Lane = Lane.Default,
        CreatedAt = DateTimeOffset.UnixEpoch,
        Deadline = DateTimeOffset.UnixEpoch,
        Attempts = 1,
        History = JobHistory.Begin(DateTimeOffset.UnixEpoch),
    };
}
