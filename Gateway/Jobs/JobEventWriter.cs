using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Results.Following;

namespace AiPlatform.Gateway.Jobs;

/// <summary>
/// Writes a job's events as server-sent events, with a comment now and then while nothing happens, so that nobody takes the
/// connection for dead.
/// </summary>
internal sealed class JobEventWriter(PipeWriter output, TimeProvider time)
{
    /// <param name="pages">What happens; when they end with a job that has ended, <c>done</c> follows.</param>
    /// <param name="after">The last event that the reader knows.</param>
    /// <param name="cancellationToken">Ends <paramref name="pages"/>, too.</param>
    public async Task WriteAsync(IAsyncEnumerable<EventPage> pages, long after, CancellationToken cancellationToken)
    {
        Job? job = null;
        var page = pages.GetAsyncEnumerator(cancellationToken);
        var next = page.MoveNextAsync().AsTask();
        try
        {
            while (await EventHeartbeat.UntilAsync(next, output, time, cancellationToken))
            {
                job = page.Current.Job;
                foreach (var one in page.Current.Events)
                {
                    WriteGap(job, after, one.Sequence);
                    Write(one.Sequence, one.Kind, Encoding.UTF8.GetBytes(one.Data));
                    after = one.Sequence;
                }

                await output.FlushAsync(cancellationToken);
                next = page.MoveNextAsync().AsTask();
            }

            if (job is not { Status.IsFinished: true }) return;
            Write(job.LastSequence, "done", JsonSerializer.SerializeToUtf8Bytes(JobResource.Of(job), JobJson.Readable.JobResource));
            await output.FlushAsync(cancellationToken);
        }
        finally
        {
            // An enumerator that still moves must not be disposed; the token has ended it.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await page.DisposeAsync();
        }
    }

    /// <summary>
    /// Says that events between two are in the log no more. The end of a job that runs again took two numbers, and its <c>done</c> is
    /// not shown any more: one number that is missing there is no gap.
    /// </summary>
    private void WriteGap(Job job, long before, long next)
    {
        if (next == before + 1) return;
        var wasEnd = job.History.Changes.Any(change => change.Sequence == before && change.Status.IsFinished);
        // Without an id: a client that reconnects has still read only the events before.
        if (next > before + (wasEnd ? 2 : 1)) output.Write(Encoding.UTF8.GetBytes($"event: gap\ndata: {{\"after\":{before}}}\n\n"));
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
