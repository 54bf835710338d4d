namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// The rows that wait for one device, and the choice of what shares a run. Whoever waited longest is the seed of the next
/// batch; the rows nearest to it in length join while that saves time. A request with rows left queues up again behind the
/// others, so that a big one delays a small one by at most two batches. Any number of device threads may take from it.
/// </summary>
internal sealed class RowQueue(BatchLimits limits, DeviceCost cost)
{
    /// <summary>A request is passed over at most this often; then nothing younger goes before it.</summary>
    private const int MaxPassedOver = 4;

    /// <summary>
    /// Batches whose rows are looked at for one. From more, rows of one length could be picked cleaner, but so many older ones
    /// would be passed over that the cap on that soon leaves nothing to pick from.
    /// </summary>
    private const int WindowBatches = 3;

    private readonly object _gate = new();
    private readonly LinkedList<EmbeddingRun> _requests = [];
    private readonly BatchFormer _former = new(limits, cost);
    private int _rows;
    private int _idle;
    private bool _closed;

    /// <summary>Rows that no batch has taken yet.</summary>
    public int Rows => Volatile.Read(ref _rows);

    /// <summary>Device threads that wait for rows.</summary>
    public int IdleThreads => Volatile.Read(ref _idle);

    /// <summary>Lines a request up; false when the queue is closed.</summary>
    public bool TryAdd(EmbeddingRun request)
    {
        lock (_gate)
        {
            if (_closed) return false;
            _requests.AddLast(request);
            _rows += request.Waiting.Count;
            if (request.Waiting.Count > 1) Monitor.PulseAll(_gate);
            else Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Forgets the rows of a request whose result is not wanted.</summary>
    public void Drop(EmbeddingRun request)
    {
        lock (_gate)
        {
            if (!_requests.Remove(request)) return;
            _rows -= request.Waiting.Count;
            request.Waiting.Clear();
        }
    }

    /// <summary>No more rows: who waits in <see cref="Take"/> returns. Gives what still waited.</summary>
    public IReadOnlyList<EmbeddingRun> Close()
    {
        lock (_gate)
        {
            _closed = true;
            var left = _requests.ToList();
            _requests.Clear();
            _rows = 0;
            Monitor.PulseAll(_gate);
            return left;
        }
    }

    /// <summary>Waits for rows and moves the next batch into <paramref name="batch"/>, at once with what is there; false when closed.</summary>
    public bool Take(List<WaitingRow> batch)
    {
        lock (_gate)
        {
            while (_requests.Count == 0 && !_closed) WaitNeedsLock();
            if (_closed) return false;

            FillNeedsLock(batch);
            _rows -= batch.Count;
            // What was left for the idle threads must not depend on how often they were woken.
            if (_rows > 0 && _idle > 0) Monitor.Pulse(_gate);
            return true;
        }
    }

    private void WaitNeedsLock()
    {
        _idle++;
        Monitor.Wait(_gate);
        _idle--;
    }

    // :: Step 5: batch. The oldest request's row is the seed; the rows nearest to it in length join it.
    private void FillNeedsLock(List<WaitingRow> batch)
    {
        var head = _requests.First!;
        var seed = head.Value.Waiting[^1].Length;
        var window = WindowBatches * limits.RowsOf(seed);
        // No thread of the device idles while one runs what two could.
        var share = (_rows + _idle) / (_idle + 1);

        _former.Begin(seed);
        for (var node = head; node is not null && window > 0; node = node.Next)
        {
            window -= _former.Offer(node.Value, window);
            if (node.Value.PassedOver >= MaxPassedOver) break;
        }

        _former.Form(batch, share);
        for (var node = head; node is not null;)
        {
            var next = node.Next;
            if (node.Value.Waiting.Count == 0) _requests.Remove(node);
            node = next;
        }

        if (head.Value.Waiting.Count == 0) return;
        _requests.Remove(head);
        _requests.AddLast(head);
    }
}
