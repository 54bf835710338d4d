using System.Diagnostics;
using AiPlatform.Jobs;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// The rows of one request on their way through the device. Its task's own class says where what the device gives for them goes. Several
/// device threads may work on it at once, each on rows of its own.
/// </summary>
internal class RowRequest
{
    private readonly TaskCompletionSource<InferenceError?> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _rows;
    private int _left;

    /// <param name="tokenIds">A row for each input, special tokens included, each within the model's <c>max_tokens</c>; 1 or more.</param>
    /// <param name="seconds">Of each row where the tokens of a second text begin, 0 where there is none; null when no row has one.</param>
    public RowRequest(int[][] tokenIds, int[]? seconds = null)
    {
        _rows = tokenIds.Length;
        _left = tokenIds.Length;
        Waiting = new List<WaitingRow>(tokenIds.Length);
        for (var i = 0; i < tokenIds.Length; i++) Waiting.Add(new WaitingRow(this, i, tokenIds[i]) { SecondAt = seconds?[i] ?? 0 });
        // Inside a request order means nothing, and neighbours of like length share batches.
        Waiting.Sort(static (one, other) => one.Length.CompareTo(other.Length));
    }

    /// <summary>The span of the request, to which its batches are linked; null when nobody traces it.</summary>
    public Activity? Span { get; init; }

    /// <summary>The rows that no round has taken yet, the shortest first. Guarded by the queue's lock.</summary>
    public List<WaitingRow> Waiting { get; }

    /// <summary>Null when the result of every row is written; else the first row's error. Canceled by <see cref="Cancel"/>.</summary>
    public Task<InferenceError?> Completion => _completion.Task;

    /// <summary>Its results are no longer wanted, or it has them all.</summary>
    public bool HasEnded => _completion.Task.IsCompleted;

    /// <summary>Rows whose results are written. Any thread may read it at any time, to say how far a long request is.</summary>
    public int RowsDone => _rows - Volatile.Read(ref _left);

    /// <summary>A row's result is written. Called once for each row, by the device thread that ran it.</summary>
    public void RowDone()
    {
        if (Interlocked.Decrement(ref _left) == 0) _completion.TrySetResult(null);
    }

    public void RowFailed(InferenceError error) => _completion.TrySetResult(error);

    public void Abort(Exception reason) => _completion.TrySetException(reason);

    public void Cancel(CancellationToken cancellationToken) => _completion.TrySetCanceled(cancellationToken);
}

/// <summary>One input of a request, as it waits for the device.</summary>
/// <param name="Request">The request that it belongs to.</param>
/// <param name="Index">Its number among the request's inputs.</param>
/// <param name="TokenIds">Its tokens, special tokens included; never padded.</param>
internal readonly record struct WaitingRow(RowRequest Request, int Index, int[] TokenIds)
{
    public int Length => TokenIds.Length;

    /// <summary>Of a pair of texts, where the tokens of the second begin; 0 for a single text.</summary>
    public int SecondAt { get; init; }
}
