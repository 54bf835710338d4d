using System.Runtime.InteropServices;

namespace AiPlatform.Jobs.Store;

/// <summary>
/// Sends calls of one script together that come while an earlier one is under way: alone a call goes at once, many share a round
/// trip and what a script costs by itself. Calls of one queue keep their order.
/// </summary>
/// <param name="send">Sends calls of one queue; gives a result for each.</param>
/// <param name="mostCalls">Most calls sent together.</param>
/// <param name="mostBytes">Most bytes sent together; a larger call goes alone.</param>
/// <param name="bytesOf">A call's size.</param>
internal sealed class CallGatherer<TCall, TResult>(
    Func<QueueName, IReadOnlyList<TCall>, Task<IReadOnlyList<TResult>>> send, int mostCalls, int mostBytes, Func<TCall, int> bytesOf)
{
    /// <summary>Queues are spread over so many lines: what one of them waits for does not hold up the others.</summary>
    private const int Lines = 16;

    private readonly Line[] _lines = [.. Enumerable.Range(0, Lines).Select(_ => new Line())];

    private sealed record Pending(QueueName Queue, TCall Call, TaskCompletionSource<TResult> Result);

    private sealed class Line
    {
        public Lock Gate { get; } = new();
        public List<Pending> Waiting { get; } = [];
        public bool IsSending { get; set; }
    }

    public Task<TResult> CallAsync(QueueName queue, TCall call, CancellationToken cancellationToken)
    {
        var line = _lines[(uint)queue.GetHashCode() % Lines];
        var pending = new Pending(queue, call, new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously));
        bool isFirst;
        lock (line.Gate)
        {
            line.Waiting.Add(pending);
            isFirst = !line.IsSending;
            line.IsSending = true;
        }

        // Not awaited: every failure goes to the calls themselves.
        if (isFirst) _ = SendAllAsync(line);
        return cancellationToken.CanBeCanceled ? pending.Result.Task.WaitAsync(cancellationToken) : pending.Result.Task;
    }

    private async Task SendAllAsync(Line line)
    {
        while (Next(line) is { } batch)
        {
            try
            {
                var results = await send(batch[0].Queue, [.. batch.Select(pending => pending.Call)]);
                for (var i = 0; i < batch.Count; i++) batch[i].Result.TrySetResult(results[i]);
            }
#pragma warning disable CA1031 // Whatever it was, whoever called learns of it
            catch (Exception failure)
            {
                foreach (var pending in batch) pending.Result.TrySetException(failure);
            }
#pragma warning restore CA1031
        }
    }

    /// <summary>Takes the calls to be sent together: of the queue that waited longest. Null when none waits.</summary>
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
