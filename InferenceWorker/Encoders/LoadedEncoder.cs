using System.Globalization;
using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>An encoder that is loaded and warm, with its device threads.</summary>
internal abstract class LoadedEncoder : ILoadedModel
{
    /// <summary>Tokens of a short text. Jobs are leased before their length is known.</summary>
    private const int TypicalTokens = 32;

    /// <summary>Requests with fewer rows end before a progress report would be of use.</summary>
    private const int FewestRowsReported = 64;

    private readonly EncoderManifest _manifest;
    private readonly RowBatcher _batcher;
    private readonly ModelServices _services;

    /// <param name="manifest">Its manifest.</param>
    /// <param name="warm">The model.</param>
    /// <param name="newOutput">Makes the output of each device thread.</param>
    /// <param name="services">The services of the process.</param>
    protected LoadedEncoder(EncoderManifest manifest, WarmEncoder warm, Func<IRowOutput> newOutput, ModelServices services)
    {
        _manifest = manifest;
        _services = services;
        Tokenizer = warm.Opened.Tokenizer;
        Tokens = new EncoderTokens(Tokenizer);
        Capacity = CapacityOf(manifest, warm.Plan, services.Options);
        _batcher = new RowBatcher(warm.Opened.Session, newOutput, manifest, warm.Plan, services.Metrics, services.Time, services.Logger);
        _batcher.Start();
    }

    public ModelManifest Manifest => _manifest;

    public IModelTokens Tokens { get; }

    public string Device => _services.Device.Name;

    public int Capacity { get; }

    public Task Completion => _batcher.Completion;

    protected ITokenizer Tokenizer { get; }

    /// <summary>Jobs that a process leases at a time.</summary>
    public static int CapacityOf(EncoderManifest manifest, BatchPlan plan, ModelOptions options)
    {
        var running = plan.ParallelRuns * plan.Limits.RowsOf(TypicalTokens);
        return Math.Max(manifest.MaxBatchRows, running) * options.LeasedBatches;
    }

    public virtual ModelDescriptor Describe() => new()
    {
        Name = _manifest.Name,
        Task = _manifest.Task,
        MaxTokens = _manifest.MaxTokens,
        Created = new DateTimeOffset(_manifest.Created, TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeSeconds(),
        OwnedBy = _manifest.Source.Split('/')[0],
    };

    public abstract Task<JobOutcome> RunAsync(LeasedJob job, JobSink sink, CancellationToken cancellationToken);

    public void Stop() => _batcher.Stop();

    /// <summary>Runs the rows of a request, and reports the progress of a long one; null when all results are written.</summary>
    protected async Task<InferenceError?> RunRowsAsync(RowRequest request, int rows, JobSink sink, CancellationToken cancellationToken)
    {
        var running = _batcher.RunAsync(request, cancellationToken);
        if (rows >= FewestRowsReported) await sink.ReportWhileAsync(running, "rows", () => request.RowsDone, rows);

        InferenceError? failed;
        try
        {
            failed = await running;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new RunStoppedException(Usage(request.Tokens));
        }

        if (failed is not null) request.Span?.Fail(failed.Code);
        return failed;
    }

    /// <summary>Records the time of tokenizing since <paramref name="start"/>.</summary>
    protected void Tokenized(long start) => _services.Metrics.Tokenized(_manifest.Name, _services.Time.GetElapsedTime(start));

    protected long Now() => _services.Time.GetTimestamp();

    /// <summary>The usage of a request that writes no tokens.</summary>
    protected static string Usage(int tokens) =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"prompt_tokens":{{tokens}},"total_tokens":{{tokens}}}""");
}
