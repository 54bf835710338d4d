using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.Jobs;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// Runs a batch and writes each row's vector into its request's result. A batch that fails is cut in halves until the row
/// that cannot be run is alone: only its request fails. Each device thread has its own.
/// </summary>
internal sealed class BatchRunner(
    IEmbeddingSession session, RunBuffers buffers, ModelManifest manifest, BatchMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>Token 0 is in every vocabulary.</summary>
    private static readonly int[] HarmlessTokens = [0];

    private readonly float[] _pooled = new float[session.HiddenSize];

    /// <exception cref="DeviceLostException">The device runs nothing any more.</exception>
    public void Run(ReadOnlySpan<WaitingRow> rows)
    {
        using var activity = BatchActivities.StartBatch(manifest.Name, rows);
        RunWhole(rows);
    }

    private void RunWhole(ReadOnlySpan<WaitingRow> rows)
    {
        try
        {
            RunOnce(rows);
        }
        catch (Exception failure) when (failure is not DeviceLostException)
        {
            if (rows.Length == 1)
            {
                FailRow(rows[0], failure);
                return;
            }

            Log.BatchFailed(logger, manifest.Name, rows.Length, failure.Message);
            RunWhole(rows[..(rows.Length / 2)]);
            RunWhole(rows[(rows.Length / 2)..]);
        }
    }

    // :: Step 6: run. ONNX Runtime computes the states, pooling makes one vector of each row.
    private void RunOnce(ReadOnlySpan<WaitingRow> rows)
    {
        var states = RunSession(rows);
        var rowLength = states.Length / rows.Length;
        for (var i = 0; i < rows.Length; i++)
        {
            var row = rows[i];
            if (row.Request.HasEnded) continue;
            if (TryWrite(states.Slice(i * rowLength, rowLength), row)) row.Request.RowDone();
            else row.Request.RowFailed(Failure(row, "gave a vector with NaN or infinity"));
        }
    }

    private ReadOnlySpan<float> RunSession(ReadOnlySpan<WaitingRow> rows)
    {
        using var activity = BatchActivities.StartRun(manifest.Name, rows);
        var start = time.GetTimestamp();
        try
        {
            var states = session.Run(rows, buffers);
            metrics.Ran(manifest.Name, rows, time.GetElapsedTime(start));
            return states;
        }
        catch
        {
            activity?.Fail("model_failed");
            throw;
        }
    }

    private bool TryWrite(ReadOnlySpan<float> states, WaitingRow row)
    {
        Pooling.Pool(states, row.Length, manifest.Pooling, _pooled);
        if (!Pooling.IsFinite(_pooled)) return false;

        var vector = row.Request.VectorOf(row.Index);
        _pooled.AsSpan(0, vector.Length).CopyTo(vector);
        return !(manifest.Normalize || vector.Length < _pooled.Length) || Pooling.TryNormalize(vector);
    }

    private void FailRow(WaitingRow row, Exception failure)
    {
        Log.RowFailed(logger, failure, manifest.Name, row.Length);
        row.Request.RowFailed(Failure(row, "failed"));
        ThrowIfDeviceIsGone(row);
    }

    /// <summary>A row that fails is the row's fault while the model still runs a harmless one.</summary>
    private void ThrowIfDeviceIsGone(WaitingRow failed)
    {
        try
        {
            session.Run([failed with { TokenIds = HarmlessTokens }], buffers);
        }
        catch (Exception gone)
        {
            throw new DeviceLostException($"The model '{manifest.Name}' runs nothing any more: {gone.Message}", gone);
        }
    }

    private static InferenceError Failure(WaitingRow row, string what) => new()
    {
        Kind = InferenceErrorKind.ModelFailed,
        Message = $"The model {what} on input[{row.Index}] ({row.Length} tokens).",
        Param = $"input[{row.Index}]",
    };
}
