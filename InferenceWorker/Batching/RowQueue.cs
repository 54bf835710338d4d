namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// The rows that wait for one device, and the choice of what shares a run. Whoever waited longest is the seed of the next
/// batch; rows of other requests join as far as the limits hold. A request with rows left queues up again behind the others,
/// so that a big one delays a small one by at most two batches.
/// </summary>
internal sealed class RowQueue(BatchLimits limits)
{
    /// <summary>A request is passed over at most this often; then nothing younger goes before it.</summary>
    private const int MaxPassedOver = 4;

    /// <summary>Requests looked at for one batch.</summary>
    private const int Window = 256;

    private readonly object _gate = new();
    private readonly LinkedList<EmbeddingRun> _requests = [];
    private readonly List<EmbeddingRun> _skipped = [];
    private int _rows;
    private bool _closed;

    /// <summary>Rows that no batch has taken yet.</summary>
    public int Rows => Volatile.Read(ref _rows);

    /// <summary>Lines a request up; false when the queue is closed.</summary>
    public bool TryAdd(EmbeddingRun request)
    {
        lock (_gate)
        {
            if (_closed) return false;
            _requests.AddLast(request);
            _rows += request.Waiting.Count;
            Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Forgets the rows of a request whose result is not wanted.</summary>
    public void Drop(EmbeddingRun request)
    {
        lock (_gate)
        {
            _requests.Remove(request);
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
            while (_requests.Count == 0 && !_closed) Monitor.Wait(_gate);
            if (_closed) return false;

            FillNeedsLock(batch);
            _rows -= batch.Count;
            return true;
        }
    }

    // :: Step 5: batch. The oldest request's row is the seed; rows of like length join it.
    private void FillNeedsLock(List<WaitingRow> batch)
    {
        var head = _requests.First!.Value;
        var seed = head.Waiting[^1].Length;
        _skipped.Clear();

        var looked = 0;
        for (var node = _requests.First; node is not null && looked < Window && batch.Count < limits.MaxRows; looked++)
        {
            var request = node.Value;
            var next = node.Next;
            if (TakeFromNeedsLock(request, seed, batch)) PassOverSkipped();
            else if (request.PassedOver >= MaxPassedOver) break;
            else _skipped.Add(request);

            if (request.Waiting.Count == 0) _requests.Remove(node);
            node = next;
        }

        if (head.Waiting.Count == 0) return;
        _requests.RemoveFirst();
        _requests.AddLast(head);
    }

    private void PassOverSkipped()
    {
        foreach (var older in _skipped) older.PassedOver++;
        _skipped.Clear();
    }

    private bool TakeFromNeedsLock(EmbeddingRun request, int seed, List<WaitingRow> batch)
    {
        var rows = request.Waiting;
        var longest = batch.Count == 0 ? seed : LongestOf(batch);
        var tolerance = limits.ToleranceOf(seed);
        var before = batch.Count;

        // Rows as long as the batch or shorter cost no padding of others.
        var end = FirstLongerThan(rows, longest);
        var start = end;
        while (start > 0 && seed - rows[start - 1].Length <= tolerance && Fits(longest, batch.Count + end - start)) start--;
        Move(rows, start, end, batch);

        // Longer ones pad the others.
        end = start;
        while (end < rows.Count && rows[end].Length - seed <= tolerance && Fits(rows[end].Length, batch.Count + end - start)) end++;
        Move(rows, start, end, batch);

        if (batch.Count == before) return false;
        request.PassedOver = 0;
        return true;
    }

    /// <summary>Whether one more row fits a batch of this length; the first always does.</summary>
    private bool Fits(int length, int rows) => rows == 0 || (rows < limits.MaxRows && (long)length * (rows + 1) <= limits.MaxTokens);

    private static void Move(List<WaitingRow> rows, int start, int end, List<WaitingRow> batch)
    {
        for (var i = end - 1; i >= start; i--) batch.Add(rows[i]);
        rows.RemoveRange(start, end - start);
    }

    private static int LongestOf(List<WaitingRow> batch)
    {
        var longest = 0;
        foreach (var row in batch) longest = Math.Max(longest, row.Length);
        return longest;
    }

    private static int FirstLongerThan(List<WaitingRow> rows, int length)
    {
        int low = 0, high = rows.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (rows[middle].Length <= length) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
