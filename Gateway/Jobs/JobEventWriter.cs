using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.Results;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Jobs;

/// <summary>Writes a job's events as server-sent events, with a comment now and then while nothing happens, so that nobody takes the connection for dead.</summary>
internal sealed class JobEventWriter(PipeWriter output, TimeProvider time)
{
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(15);

    /// <param name="pages">What happens; the last page is the one whose job has ended.</param>
    /// <param name="after">The last event that the reader knows.</param>
    /// <param name="cancellationToken">Ends <paramref name="pages"/>, too.</param>
    public async Task WriteAsync(IAsyncEnumerable<JobEvents> pages, long after, CancellationToken cancellationToken)
    {
        var page = pages.GetAsyncEnumerator(cancellationToken);
        var next = page.MoveNextAsync().AsTask();
        try
        {
            while (await BeatUntilAsync(next, cancellationToken))
            {
                after = Write(page.Current, after);
                await output.FlushAsync(cancellationToken);
                next = page.MoveNextAsync().AsTask();
            }
        }
        finally
        {
            // An enumerator that still moves must not be disposed; the token has ended it.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await page.DisposeAsync();
        }
    }

    private async Task<bool> BeatUntilAsync(Task<bool> next, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await next.WaitAsync(HeartbeatInterval, time, cancellationToken);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                output.Write(": \n\n"u8);
                await output.FlushAsync(cancellationToken);
            }
        }
    }

    /// <returns>The last event that the reader knows then.</returns>
    private long Write(JobEvents page, long after)
    {
        // Without an id: who comes again has still seen only what was before.
        if (page.HasGap) output.Write(Encoding.UTF8.GetBytes($"event: gap\ndata: {{\"after\":{after}}}\n\n"));
        foreach (var one in page.Events)
        {
            Write(one.Sequence, one.Kind, Encoding.UTF8.GetBytes(one.Data));
            after = one.Sequence;
        }

        if (!page.Job.Status.IsFinished) return after;
        Write(page.Job.LastSequence, "done", JsonSerializer.SerializeToUtf8Bytes(JobResource.Of(page.Job), GatewayJson.Readable.JobResource));
        return page.Job.LastSequence;
    }

    private void Write(long id, string kind, byte[] json)
    {
        // In JSON a line's end stands between tokens only, where a blank means the same; here it would end the data.
        json.AsSpan().Replace((byte)'\n', (byte)' ');
        json.AsSpan().Replace((byte)'\r', (byte)' ');
        output.Write(Encoding.UTF8.GetBytes($"id: {id}\nevent: {kind}\ndata: "));
        output.Write(json);
        output.Write("\n\n"u8);
    }
}
