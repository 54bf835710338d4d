using System.Runtime.InteropServices;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.Jobs;

namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// One model's device threads. They are work-conserving: a free thread runs waiting rows at once, without a pause for more rows to arrive.
/// The batcher owns the session, which the threads share.
/// </summary>
internal sealed class RowBatcher
{
    private readonly RowQueue _queue;
    private readonly BatchRunner[] _runners;
    private readonly IRowSession _session;
    private readonly IBatchedModel _model;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _threadsLeft;
    private Exception? _fatal;

    public RowBatcher(
        IRowSession session, Func<IRowOutput> newOutput, IBatchedModel model, BatchPlan plan, BatchMetrics metrics, TimeProvider time,
        ILogger logger)
    {
        _session = session;
        _model = model;
        _logger = logger;
        _queue = new RowQueue(plan.Limits, plan.Cost);
        _threadsLeft = plan.ParallelRuns;
        _runners = new BatchRunner[plan.ParallelRuns];
        for (var i = 0; i < _runners.Length; i++)
            _runners[i] = new BatchRunner(session, plan.NewBuffers(model, session), newOutput(), model, metrics, time, logger);
        metrics.Watch(model.Name, _queue);
    }

    /// <summary>Completes when every device thread has ended: after <see cref="Stop"/>, or with the error that ended one.</summary>
    public Task Completion => _ended.Task;

    public void Start()
    {
        for (var i = 0; i < _runners.Length; i++)
        {
            var runner = _runners[i];
            new Thread(() => Loop(runner)) { IsBackground = true, Name = $"device {_model.Name} {i}" }.Start();
        }
    }

    /// <summary>Ends the device threads after the batches that they run.</summary>
    public void Stop() => AbortAll(new OperationCanceledException("The worker stops."));

    /// <summary>Computes the rows of a request and writes their results into it. Any thread may call it.</summary>
    /// <param name="request">A new request; <see cref="RowRequest.RowsDone"/> is its progress.</param>
    /// <param name="cancellationToken">Drops the rows that still wait.</param>
    /// <returns>Null when all results are written; else why the first failing row failed.</returns>
    public async Task<InferenceError?> RunAsync(RowRequest request, CancellationToken cancellationToken)
    {
        if (!_queue.TryAdd(request)) throw new InvalidOperationException($"The device threads of '{_model.Name}' have ended.");

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

    private void Loop(BatchRunner runner)
    {
        var batch = new List<WaitingRow>();
        try
        {
            while (_queue.Take(batch))
            {
                runner.Run(CollectionsMarshal.AsSpan(batch));
                batch.Clear();
            }
        }
#pragma warning disable CA1031 // Whatever it was ends the threads; Completion carries it on, and liveness ends with it
        catch (Exception fatal)
        {
            Log.DeviceThreadDied(_logger, fatal, _model.Name);
            Interlocked.CompareExchange(ref _fatal, fatal, null);
            foreach (var row in batch) row.Request.Abort(fatal);
            AbortAll(fatal);
        }
#pragma warning restore CA1031
        finally
        {
            if (Interlocked.Decrement(ref _threadsLeft) == 0) End();
        }
    }

    /// <summary>Disposes the session after the last thread has ended.</summary>
    private void End()
    {
        _session.Dispose();
        if (_fatal is { } fatal) _ended.TrySetException(fatal);
        else _ended.TrySetResult();
    }

    private void AbortAll(Exception reason)
    {
        foreach (var request in _queue.Close()) request.Abort(reason);
    }
}
