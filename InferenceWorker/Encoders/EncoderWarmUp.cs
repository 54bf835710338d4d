using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>Warms up an opened model, and measures the costs that decide how its rows share the device.</summary>
internal sealed class EncoderWarmUp(ExecutionDevice device, ModelOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>
    /// Parallel runs must cost this much more CPU time for each row before one run on all threads is chosen. Parallel runs never wait for
    /// other threads. CPU time does not show this advantage, which matters most when the machine has other load.
    /// </summary>
    private const double ClearlyDearer = 1.25;

    /// <summary>Rows of the compared runs: short ones, as many as a run surely has when the worker is busy.</summary>
    private const int ComparedRows = 4;

    private const int ComparedLength = 32;

    /// <summary>Tokens of the smallest run for which the device had too little memory; null if there was none.</summary>
    private int? _smallestTooLarge;

    /// <exception cref="ModelProblemException">The model cannot run; its session is closed.</exception>
    public WarmEncoder Run(OpenedEncoder opened)
    {
        var warming = opened;
        try
        {
            if (ThreadSplit.Configured(device, options) is null) ChooseThreads(ref warming);
            return new WarmEncoder(warming, Measure(warming));
        }
        catch (Exception failure) when (failure is not ModelProblemException)
        {
            using var session = warming.Session;
            // This gives a better message if the length of the input is the cause.
            LongestInput.Check(warming);
            throw new ModelProblemException(
                $"{Path.GetFileName(opened.Manifest.Folder)}/{opened.Manifest.Model.Name}: it loads, but fails when it runs: "
                + $"{failure.Message.ReplaceLineEndings(" ")}", failure);
        }
    }

    private void ChooseThreads(ref OpenedEncoder model)
    {
        var (oneRun, parallel) = (model.Threads, ThreadSplit.Of(model.Threads.ThreadsPerRun, model.Threads.ThreadsPerRun));
        var costOfOneRun = CpuSecondsPerRow(model);
        model = model.Reopen(device, options, parallel);
        var costOfParallel = CpuSecondsPerRow(model);
        Log.ParallelRunsMeasured(
            logger, model.Manifest.Name, 1e3 * costOfParallel, parallel.ParallelRuns, 1e3 * costOfOneRun, oneRun.ThreadsPerRun);
        if (costOfParallel > ClearlyDearer * costOfOneRun) model = model.Reopen(device, options, oneRun);
    }

    private double CpuSecondsPerRow(OpenedEncoder model)
    {
        var (rows, length) = (Math.Min(ComparedRows, model.Manifest.MaxBatchRows), Math.Min(ComparedLength, model.Manifest.MaxTokens));
        using var measurement = MeasurementOf(model, CpuTime);
        return measurement.SecondsOf(rows, length) / (model.Threads.ParallelRuns * rows);
    }

    private BatchPlan Measure(OpenedEncoder model)
    {
        var isOnOneThread = !device.IsCuda && model.Threads.ThreadsPerRun == 1;
        using var measurement = MeasurementOf(model, isOnOneThread ? CpuTime : WallTime);
        var samples = measurement.Measure();
        var cost = DeviceCost.Fit(samples);
        var limits = BatchLimits.For(model.Manifest, cost);
        if (_smallestTooLarge is { } tokens) limits = limits with { MaxTokens = Math.Min(limits.MaxTokens, tokens / 2) };
        limits = measurement.RunLargest(limits);
        Log.CostMeasured(
            logger, model.Manifest.Name, model.Threads.ParallelRuns, model.Threads.ThreadsPerRun,
            1e3 * cost.FixedSeconds, 1e6 * cost.SecondsPerToken, cost.FreeTokens, limits.MaxTokens);
        return new BatchPlan(limits, cost, model.Threads.ParallelRuns);
    }

    private CostMeasurement MeasurementOf(OpenedEncoder model, Func<TimeSpan> clock) =>
        new(model.Session, model.Manifest, model.Threads.ParallelRuns, model.Tokenizer.PadId, clock)
        {
            OnTooLarge = device.IsCuda ? (tokens, failure) => TooLarge(model, tokens, failure) : null,
        };

    private void TooLarge(OpenedEncoder model, int tokens, Exception failure)
    {
        _smallestTooLarge = tokens;
        Log.RunTooLarge(logger, model.Manifest.Name, tokens, failure.Message.ReplaceLineEndings(" "));
    }

    private static TimeSpan CpuTime() => Environment.CpuUsage.TotalTime;

    private TimeSpan WallTime() => time.GetElapsedTime(0);
}
