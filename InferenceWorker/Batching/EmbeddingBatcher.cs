using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.Jobs;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// One model's device thread. It is work-conserving: as soon as the device is free it runs what waits, without a pause in
/// which more could come. Owns the session.
/// </summary>
internal sealed class EmbeddingBatcher
{
    private readonly RowQueue _queue;
    private readonly BatchRunner _runner;
    private readonly IEmbeddingSession _session;
    private readonly ModelManifest _manifest;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EmbeddingBatcher(
        IEmbeddingSession session, ModelManifest manifest, BatchLimits limits, BatchMetrics metrics, TimeProvider time, ILogger logger)
    {
        _session = session;
        _manifest = manifest;
        _logger = logger;
        _queue = new RowQueue(limits);
        _runner = new BatchRunner(session, manifest, metrics, time, logger);
        metrics.Watch(manifest.Name, _queue);
    }

    /// <summary>Completes when the device thread has ended: after <see cref="Stop"/>, or with the error that ended it.</summary>
    public Task Completion => _ended.Task;

    public void Start() => new Thread(Loop) { IsBackground = true, Name = $"device {_manifest.Name}" }.Start();

    /// <summary>Ends the device thread after the batch that it runs.</summary>
    public void Stop() => AbortAll(new OperationCanceledException("The worker stops."));

    /// <summary>Computes the vectors of a request and writes them into <paramref name="output"/>. Any thread.</summary>
    /// <param name="tokenIds">A row for each input, special tokens included, each within the model's <c>max_tokens</c>.</param>
    /// <param name="output">Made by <see cref="Jobs.Payloads.EmbeddingOutput.Create"/> with as many rows.</param>
    /// <param name="cancellationToken">Drops the rows that still wait.</param>
    /// <returns>Null when all vectors are written; else why the first failing row failed.</returns>
    public async Task<InferenceError?> EmbedAsync(int[][] tokenIds, byte[] output, CancellationToken cancellationToken)
    {
        var request = new EmbeddingRun(tokenIds, output);
        if (!_queue.TryAdd(request)) throw new InvalidOperationException($"The device thread of '{_manifest.Name}' has ended.");

        await using var registration = cancellationToken.UnsafeRegister(
            _ =>
            {
                request.Cancel(cancellationToken);
                _queue.Drop(request);
            },
            null);
        var error = await request.Completion;
        if (error is not null) _queue.Drop(request);
        return error;
    }

    private void Loop()
    {
        var batch = new List<WaitingRow>();
        try
        {
            while (_queue.Take(batch))
            {
                _runner.Run(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(batch));
                batch.Clear();
            }

            _ended.TrySetResult();
        }
#pragma warning disable CA1031 // Whatever it was ends this thread; Completion carries it on, and liveness ends with it
        catch (Exception fatal)
        {
            Log.DeviceThreadDied(_logger, fatal, _manifest.Name);
            foreach (var row in batch) row.Request.Abort(fatal);
            AbortAll(fatal);
            _ended.TrySetException(fatal);
        }
#pragma warning restore CA1031
        finally
        {
            _session.Dispose();
        }
    }

    private void AbortAll(Exception reason)
    {
        foreach (var request in _queue.Close()) request.Abort(reason);
    }
}
