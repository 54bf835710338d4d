using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.Jobs;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// Runs a batch and writes each row's result into the result of its request. A batch that fails is cut in halves until the row that cannot
/// be run is alone, so only its request fails. Each device thread has its own runner.
/// </summary>
internal sealed class BatchRunner(
    IRowSession session, RunBuffers buffers, IRowOutput output, IBatchedModel model, BatchMetrics metrics, TimeProvider time,
    ILogger logger)
{
    /// <summary>A row that every model can run: token 0 is in every vocabulary.</summary>
    private static readonly int[] HarmlessTokens = [0];

    /// <exception cref="DeviceLostException">The device no longer runs anything.</exception>
    public void Run(ReadOnlySpan<WaitingRow> rows)
    {
        using var activity = BatchActivities.StartBatch(model.Name, rows);
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

            Log.BatchFailed(logger, model.Name, rows.Length, failure.Message);
            RunWhole(rows[..(rows.Length / 2)]);
            RunWhole(rows[(rows.Length / 2)..]);
        }
    }

    // :: Step 6: run. ONNX Runtime computes the batch, and the task makes a result from the numbers of each row.
    private void RunOnce(ReadOnlySpan<WaitingRow> rows)
    {
        var numbers = RunSession(rows);
        var rowLength = numbers.Length / rows.Length;
        for (var i = 0; i < rows.Length; i++)
        {
            var row = rows[i];
            if (row.Request.HasEnded) continue;
            if (output.TryWrite(numbers.Slice(i * rowLength, rowLength), row)) row.Request.RowDone();
            else row.Request.RowFailed(Failure(row, $"gave {output.What} with NaN or infinity"));
        }
    }

    private ReadOnlySpan<float> RunSession(ReadOnlySpan<WaitingRow> rows)
    {
        using var activity = BatchActivities.StartRun(model.Name, rows);
        var start = time.GetTimestamp();
        try
        {
            var numbers = session.Run(rows, buffers);
            metrics.Ran(model.Name, rows, time.GetElapsedTime(start));
            return numbers;
        }
        catch
        {
            activity?.Fail("model_failed");
            throw;
        }
    }

    private void FailRow(WaitingRow row, Exception failure)
    {
        Log.RowFailed(logger, failure, model.Name, row.Length);
        row.Request.RowFailed(Failure(row, "failed"));
        ThrowIfDeviceIsGone(row);
    }

    /// <summary>Throws if the device is lost. The failed row is at fault as long as the model still runs a harmless row.</summary>
    private void ThrowIfDeviceIsGone(WaitingRow failed)
    {
        try
        {
            session.Run([failed with { TokenIds = HarmlessTokens }], buffers);
        }
        catch (Exception gone)
        {
            throw new DeviceLostException($"The model '{model.Name}' runs nothing any more: {gone.Message}", gone);
        }
    }

    private static InferenceError Failure(WaitingRow row, string what) => new()
    {
        Kind = InferenceErrorKind.ModelFailed,
        Message = $"The model {what} on input[{row.Index}] ({row.Length} tokens).",
        Param = $"input[{row.Index}]",
    };
}

/// <summary>The device no longer runs anything; the process must be restarted.</summary>
internal sealed class DeviceLostException(string message, Exception inner) : Exception(message, inner);
