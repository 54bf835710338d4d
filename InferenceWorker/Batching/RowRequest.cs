using System.Diagnostics;
using AiPlatform.Jobs;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// The rows of one request while the device computes them. A class of the task says where the results are written. Several device threads
/// may work on it at once, each on its own rows.
/// </summary>
internal class RowRequest
{
    private readonly TaskCompletionSource<InferenceError?> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _rows;
    private int _left;

    /// <param name="tokenIds">A row for each input, special tokens included, each within the model's <c>max_tokens</c>; 1 or more.</param>
    /// <param name="seconds">For each row the index at which the tokens of a second text begin, 0 for none; null when no row has a second
    /// text.</param>
    public RowRequest(int[][] tokenIds, int[]? seconds = null)
    {
        _rows = tokenIds.Length;
        _left = tokenIds.Length;
        Tokens = tokenIds.Sum(row => row.Length);
        Waiting = new List<WaitingRow>(tokenIds.Length);
        for (var i = 0; i < tokenIds.Length; i++) Waiting.Add(new WaitingRow(this, i, tokenIds[i]) { SecondAt = seconds?[i] ?? 0 });
        // The order of rows within a request does not matter, and sorted rows of similar length share batches.
        Waiting.Sort(static (one, other) => one.Length.CompareTo(other.Length));
    }

    /// <summary>The span of the request, to which its batches are linked; null when it is not traced.</summary>
    public Activity? Span { get; init; }

    /// <summary>Tokens of all rows.</summary>
    public int Tokens { get; }

    /// <summary>The rows that no round has taken yet, the shortest first. Guarded by the queue's lock.</summary>
    public List<WaitingRow> Waiting { get; }

    /// <summary>Null when the result of every row is written; else the first row's error. Canceled by <see cref="Cancel"/>.</summary>
    public Task<InferenceError?> Completion => _completion.Task;

    /// <summary>Whether the request was canceled or has all its results.</summary>
    public bool HasEnded => _completion.Task.IsCompleted;

    /// <summary>How many rows have their results. Any thread may read it at any time to report the progress of a long request.</summary>
    public int RowsDone => _rows - Volatile.Read(ref _left);

    /// <summary>Counts a row whose result has been written. The device thread that ran the row calls it once.</summary>
    public void RowDone()
    {
        if (Interlocked.Decrement(ref _left) == 0) _completion.TrySetResult(null);
    }

    public void RowFailed(InferenceError error) => _completion.TrySetResult(error);

    public void Abort(Exception reason) => _completion.TrySetException(reason);

    public void Cancel(CancellationToken cancellationToken) => _completion.TrySetCanceled(cancellationToken);
}

/// <summary>One input of a request that waits for the device.</summary>
/// <param name="Request">The request that it belongs to.</param>
/// <param name="Index">Its number among the request's inputs.</param>
/// <param name="TokenIds">Its tokens, special tokens included; never padded.</param>
internal readonly record struct WaitingRow(RowRequest Request, int Index, int[] TokenIds)
{
    public int Length => TokenIds.Length;

    /// <summary>In a pair of texts, the index at which the tokens of the second begin; 0 for a single text.</summary>
    public int SecondAt { get; init; }
}
