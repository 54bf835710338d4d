using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Consumers;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>The shipped embedding model, loaded once for a test class, on the CPU.</summary>
public sealed class MiniLm : IDisposable
{
    private readonly ServedModels _models = new(Options.Create(new ModelOptions()));

    /// <summary>What a handler says of its progress goes nowhere: there is no Redis.</summary>
    private readonly JobStoreHost _nowhere = JobStoreHost.On(
        ConnectionMultiplexer.Connect("127.0.0.1:1,abortConnect=false,connectTimeout=100,connectRetry=0"));

    public MiniLm()
    {
        var (device, options) = (new ExecutionDevice(null, "tests"), new ModelOptions());
        var opened = OpenedModel.Open(Manifests.Shipped, device, options);
        var warm = new ModelWarmUp(device, options, TimeProvider.System, NullLogger.Instance).Run(opened);
        Tokenizer = opened.Tokenizer;
        Plan = warm.Plan;
        Batcher = Batchers.Start(warm.Opened.Session, Manifests.Shipped, Plan.Limits, Plan.ParallelRuns, Plan.Cost);
        _models.Add(new LoadedModel(Manifests.Shipped, opened.Tokenizer, Plan, Batcher));
        var progress = new ProgressReporter(_nowhere.Store, TimeProvider.System, NullLogger<ProgressReporter>.Instance);
        Handler = new EmbeddingHandler(_models, progress, Batchers.Metrics(), TimeProvider.System);
    }

    internal ITokenizer Tokenizer { get; }

    internal BatchPlan Plan { get; }

    internal EmbeddingBatcher Batcher { get; }

    internal EmbeddingHandler Handler { get; }

    /// <summary>Runs a body as a leased job.</summary>
    internal Task<JobOutcome> RunAsync(string body, string model = "all-minilm-l6-v2") =>
        Handler.RunAsync(
            new LeasedJob
            {
                Id = JobId.New(QueueName.ForModel(model), TimeProvider.System.GetUtcNow()),
                Attempt = 1,
                Endpoint = Endpoints.Embeddings,
                Model = model,
                Body = System.Text.Encoding.UTF8.GetBytes(body),
                TimeLeft = TimeSpan.FromMinutes(1),
                Waited = TimeSpan.Zero,
            },
            CancellationToken.None);

    public void Dispose() => Batcher.Stop();
}
