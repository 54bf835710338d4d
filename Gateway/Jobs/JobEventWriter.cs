using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Results.Following;

namespace AiPlatform.Gateway.Jobs;

/// <summary>Writes a job's events as server-sent events, with heartbeats while nothing happens.</summary>
internal sealed class JobEventWriter(PipeWriter output, TimeProvider time)
{
    /// <param name="pages">The pages of events; if the job has ended after the last page, <c>done</c> follows.</param>
    /// <param name="after">The number of the last event that the reader has seen.</param>
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
            // An enumerator must not be disposed while MoveNextAsync runs; the token ends it.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await page.DisposeAsync();
        }
    }

    /// <summary>
    /// Writes <c>gap</c> where events between two numbers have expired. The end of a job takes two numbers. If the job then runs again, its
    /// <c>done</c> is no longer shown, so one missing number there is not a gap.
    /// </summary>
    private void WriteGap(Job job, long before, long next)
    {
        if (next == before + 1) return;
        var wasEnd = job.History.Changes.Any(change => change.Sequence == before && change.Status.IsFinished);
        // This event has no id, because a client that reconnects has only seen the events before it.
        if (next > before + (wasEnd ? 2 : 1)) output.Write(Encoding.UTF8.GetBytes($"event: gap\ndata: {{\"after\":{before}}}\n\n"));
    }

    private void Write(long id, string kind, byte[] json)
    {
        // In JSON a line break can only be between tokens, where a blank means the same. In an event it would end the data.
        json.AsSpan().Replace((byte)'\n', (byte)' ');
        json.AsSpan().Replace((byte)'\r', (byte)' ');
        output.Write(Encoding.UTF8.GetBytes($"id: {id}\nevent: {kind}\ndata: "));
        output.Write(json);
        output.Write("\n\n"u8);
    }
}
