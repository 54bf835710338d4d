using System.Runtime.InteropServices;

namespace AiPlatform.Jobs.Store;

/// <summary>
/// Coalesces calls of one script: a call that is alone is sent at once, or with those that its thread makes with it (see
/// <see cref="SharedCalls"/>); calls that arrive while one is in flight share the next round trip and the fixed cost of a script. Calls of
/// one queue keep their order. Continuations run on the thread that received the reply, so a caller with long work must yield first.
/// </summary>
/// <param name="send">Sends calls of one queue, and returns a result for each.</param>
/// <param name="mostCalls">Most calls sent together.</param>
/// <param name="mostBytes">Most bytes sent together; a larger call goes alone.</param>
/// <param name="bytesOf">A call's size.</param>
internal sealed class CallGatherer<TCall, TResult>(
    Func<QueueName, IReadOnlyList<TCall>, Task<IReadOnlyList<TResult>>> send, int mostCalls, int mostBytes, Func<TCall, int> bytesOf)
{
    /// <summary>The number of lines over which the queues are spread. A line that waits does not delay the others.</summary>
    private const int Lines = 16;

    /// <summary>
    /// How many continuations of callers run on one thread, one after another. Queuing one of them to another thread costs as much as
    /// running many.
    /// </summary>
    private const int AtATime = 8;

    private readonly Line[] _lines = [.. Enumerable.Range(0, Lines).Select(_ => new Line())];

    private sealed record Pending(QueueName Queue, TCall Call, TaskCompletionSource<TResult> Result);

    /// <summary>A result for each call, or the reason why there are none.</summary>
    private sealed record Reply(IReadOnlyList<TResult> Results, Exception? Failure);

    private sealed class Line
    {
        public Lock Gate { get; } = new();
        public List<Pending> Waiting { get; } = [];
        public bool IsSending { get; set; }
    }

    public Task<TResult> CallAsync(QueueName queue, TCall call, CancellationToken cancellationToken)
    {
        var line = _lines[(uint)queue.GetHashCode() % Lines];
        var pending = new Pending(queue, call, new TaskCompletionSource<TResult>());
        bool isFirst;
        lock (line.Gate)
        {
            line.Waiting.Add(pending);
            isFirst = !line.IsSending;
            line.IsSending = true;
        }

        if (isFirst) Start(line);
        return cancellationToken.CanBeCanceled ? pending.Result.Task.WaitAsync(cancellationToken) : pending.Result.Task;
    }

    private void Start(Line line)
    {
        void Send() => _ = SendAllAsync(line); // Not awaited, because every failure is passed to the calls themselves.
        if (!SharedCalls.TryHold(Send)) Send();
    }

    private async Task SendAllAsync(Line line)
    {
        var batch = Next(line);
        var sending = SendAsync(batch!);
        while (batch is not null)
        {
            var (ended, reply) = (batch, await sending);
            // The next call is in flight while the continuations of this one run.
            batch = Next(line);
            if (batch is not null) sending = SendAsync(batch);
            Complete(ended, reply);
        }
    }

    private async Task<Reply> SendAsync(List<Pending> batch)
    {
        try
        {
            var results = await send(batch[0].Queue, [.. batch.Select(pending => pending.Call)]);
            return results.Count == batch.Count
                ? new Reply(results, null)
                : new Reply(
                    [], new InvalidOperationException(
                        $"{batch.Count} calls were sent together and {results.Count} answered. This is a bug."));
        }
#pragma warning disable CA1031 // Whatever it was, the callers are told
        catch (Exception failure)
        {
            return new Reply([], failure);
        }
#pragma warning restore CA1031
    }

    /// <summary>Runs the callers' continuations: a few on this thread, the others on threads of the pool, a few on each.</summary>
    private static void Complete(List<Pending> batch, Reply reply)
    {
        for (var from = AtATime; from < batch.Count; from += AtATime)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static part => CompleteSome(part.Batch, part.Reply, part.From),
                (Batch: batch, Reply: reply, From: from), preferLocal: true);
        }
        CompleteSome(batch, reply, 0);
    }

    private static void CompleteSome(List<Pending> batch, Reply reply, int from)
    {
        for (var i = from; i < Math.Min(from + AtATime, batch.Count); i++)
        {
            if (reply.Failure is { } failure) batch[i].Result.TrySetException(failure);
            else batch[i].Result.TrySetResult(reply.Results[i]);
        }
    }

    /// <summary>Takes the calls that are sent together, from the queue that has waited longest; null when none waits.</summary>
    private List<Pending>? Next(Line line)
    {
        lock (line.Gate)
        {
            line.IsSending = line.Waiting.Count > 0;
            if (!line.IsSending) return null;

            var queue = line.Waiting[0].Queue;
            List<Pending> batch = [];
            var bytes = 0L;
            var kept = 0;
            var waiting = CollectionsMarshal.AsSpan(line.Waiting);
            var isFull = false;
            foreach (var pending in waiting)
            {
                if (!isFull && pending.Queue == queue)
                {
                    bytes += bytesOf(pending.Call);
                    isFull = batch.Count > 0 && (batch.Count == mostCalls || bytes > mostBytes);
                    if (!isFull)
                    {
                        batch.Add(pending);
                        continue;
                    }
                }

                waiting[kept++] = pending;
            }

            line.Waiting.RemoveRange(kept, line.Waiting.Count - kept);
            return batch;
        }
    }
}
