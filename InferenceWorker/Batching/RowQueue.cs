namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// The rows that wait for one device, and the choice of rows that share a run. Rows are taken in rounds: the oldest rows that make a few
/// batches are cut into these by length, and all of them run before any younger row. So a row is passed over at most four times. A request
/// gives one batch of rows to a round and then queues again behind the others, so a large request delays a small one by at most two
/// batches. Any number of device threads may take batches.
/// </summary>
internal sealed class RowQueue(BatchLimits limits, DeviceCost cost)
{
    /// <summary>Most rows that are considered for one round, unless the limits allow a single batch to have more.</summary>
    private const int Window = 256;

    private readonly object _gate = new();
    private readonly LinkedList<RowRequest> _requests = [];
    private readonly LinkedList<List<WaitingRow>> _round = [];
    private readonly RoundCutter _cutter = new(limits, cost);
    private readonly List<WaitingRow> _window = [];
    private int _rows;
    private int _idle;
    private bool _closed;

    /// <summary>Rows that no batch has taken yet.</summary>
    public int Rows => Volatile.Read(ref _rows);

    /// <summary>Device threads that wait for rows.</summary>
    public int IdleThreads => Volatile.Read(ref _idle);

    /// <summary>Adds a request; false when the queue is closed.</summary>
    public bool TryAdd(RowRequest request)
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

    /// <summary>Drops the rows of a request whose result is not wanted.</summary>
    public void Drop(RowRequest request)
    {
        lock (_gate)
        {
            if (_requests.Remove(request)) _rows -= request.Waiting.Count;
            request.Waiting.Clear();
            for (var node = _round.First; node is not null;)
            {
                var next = node.Next;
                _rows -= node.Value.RemoveAll(row => row.Request == request);
                if (node.Value.Count == 0) _round.Remove(node);
                node = next;
            }
        }
    }

    /// <summary>Closes the queue: threads that wait in <see cref="Take"/> return. Returns the requests that still waited.</summary>
    public IReadOnlyList<RowRequest> Close()
    {
        lock (_gate)
        {
            _closed = true;
            var left = _requests.Concat(_round.SelectMany(batch => batch).Select(row => row.Request)).Distinct().ToList();
            _requests.Clear();
            _round.Clear();
            _rows = 0;
            Monitor.PulseAll(_gate);
            return left;
        }
    }

    /// <summary>
    /// Waits for rows, and moves the next batch into <paramref name="batch"/> without waiting for more rows; false when the queue is
    /// closed.
    /// </summary>
    public bool Take(List<WaitingRow> batch)
    {
        lock (_gate)
        {
            while (_rows == 0 && !_closed) WaitNeedsLock();
            if (_closed) return false;

            if (_round.Count == 0) BeginRoundNeedsLock();
            batch.AddRange(_round.First!.Value);
            _round.RemoveFirst();
            TopUpNeedsLock(batch);
            _rows -= batch.Count;
            // Another idle thread is woken for the rows that are left, however often threads were woken before.
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

    /// <summary>The share of one thread, so that no device thread is idle while another runs rows that two could share.</summary>
    private int ShareOf(int rows) => (rows + _idle) / (_idle + 1);

    // :: Step 5: batch. The oldest rows are cut into batches of similar length, so that they take the least time on the device.
    private void BeginRoundNeedsLock()
    {
        if (_requests.Count == 1)
        {
            // A single request gives only one batch, so that the next request does not wait for a whole round of it.
            var rows = _requests.First!.Value.Waiting;
            var given = _cutter.RowsOfABatch(rows, ShareOf(rows.Count));
            _round.AddLast(rows.GetRange(rows.Count - given, given));
            EndTurnNeedsLock(given);
            return;
        }

        _window.Clear();
        for (var node = _requests.First; node is not null && _window.Count < Math.Max(Window, limits.MaxRows); node = node.Next)
        {
            var waiting = node.Value.Waiting;
            var offered = _cutter.RowsOfABatch(waiting, limits.MaxRows);
            for (var i = 1; i <= offered; i++) _window.Add(waiting[^i]);
        }

        var rowsOfRound = 0;
        foreach (var batch in _cutter.Cut(_window, ShareOf(_window.Count)))
        {
            _round.AddLast(batch);
            rowsOfRound += batch.Count;
        }

        for (int start = 0, end = 0; start < rowsOfRound; start = end)
        {
            while (end < rowsOfRound && _window[end].Request == _window[start].Request) end++;
            EndTurnNeedsLock(end - start);
        }
    }

    /// <summary>
    /// Fills a batch that has room with waiting rows in the order of their age, so that no row is passed over, and a device on which runs
    /// cost more than tokens runs full batches.
    /// </summary>
    private void TopUpNeedsLock(List<WaitingRow> batch)
    {
        if (_idle > 0) return;

        var longest = 0;
        foreach (var row in batch) longest = Math.Max(longest, row.Length);
        for (var turns = _requests.Count; turns > 0; turns--)
        {
            var rows = _requests.First!.Value.Waiting;
            var joining = 0;
            while (joining < rows.Count && _cutter.Joins(batch.Count, longest, rows[^(joining + 1)].Length))
            {
                joining++;
                batch.Add(rows[^joining]);
                longest = Math.Max(longest, rows[^joining].Length);
            }

            if (joining == 0) return;
            EndTurnNeedsLock(joining);
        }
    }

    /// <summary>Ends the turn of the oldest request, which has given its longest rows; if it has rows left, it queues again.</summary>
    private void EndTurnNeedsLock(int givenRows)
    {
        var oldest = _requests.First!;
        var rows = oldest.Value.Waiting;
        rows.RemoveRange(rows.Count - givenRows, givenRows);
        _requests.RemoveFirst();
        if (rows.Count > 0) _requests.AddLast(oldest);
    }
}
