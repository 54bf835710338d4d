using System.Diagnostics;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// The rows of one request on their way through the device, and the buffer that their vectors are written into. Several device
/// threads may work on it at once, each on rows of its own.
/// </summary>
internal sealed class EmbeddingRun
{
    private readonly TaskCompletionSource<InferenceError?> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _output;
    private readonly int _rows;
    private int _left;

    /// <param name="tokenIds">A row for each input, special tokens included, each within the model's <c>max_tokens</c>; 1 or more.</param>
    /// <param name="output">Made by <see cref="EmbeddingOutput.Create"/> with as many rows.</param>
    public EmbeddingRun(int[][] tokenIds, byte[] output)
    {
        _output = output;
        _rows = tokenIds.Length;
        _left = tokenIds.Length;
        Waiting = new List<WaitingRow>(tokenIds.Length);
        for (var i = 0; i < tokenIds.Length; i++) Waiting.Add(new WaitingRow(this, i, tokenIds[i]));
        // Inside a request order means nothing, and neighbours of like length share batches.
        Waiting.Sort(static (one, other) => one.Length.CompareTo(other.Length));
    }

    /// <summary>The span of the request, to which its batches are linked; null when nobody traces it.</summary>
    public Activity? Span { get; init; }

    /// <summary>The rows that no round has taken yet, the shortest first. Guarded by the queue's lock.</summary>
    public List<WaitingRow> Waiting { get; }

    /// <summary>Null when every vector is written; else the first row's error. Canceled by <see cref="Cancel"/>.</summary>
    public Task<InferenceError?> Completion => _completion.Task;

    /// <summary>Its vectors are no longer wanted, or it has them all.</summary>
    public bool HasEnded => _completion.Task.IsCompleted;

    /// <summary>Rows whose vectors are written. Any thread may read it at any time, to say how far a long request is.</summary>
    public int RowsDone => _rows - Volatile.Read(ref _left);

    /// <summary>Where a row's vector goes.</summary>
    public Span<float> VectorOf(int index) => EmbeddingOutput.MutableRow(_output, index);

    /// <summary>A row's vector is written. Called once for each row, by the device thread that ran it.</summary>
    public void RowDone()
    {
        if (Interlocked.Decrement(ref _left) == 0) _completion.TrySetResult(null);
    }

    public void RowFailed(InferenceError error) => _completion.TrySetResult(error);

    public void Abort(Exception reason) => _completion.TrySetException(reason);

    public void Cancel(CancellationToken cancellationToken) => _completion.TrySetCanceled(cancellationToken);
}
