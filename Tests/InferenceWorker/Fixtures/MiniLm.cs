using AiPlatform.InferenceWorker.Consumers;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks.Embeddings;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>The shipped embedding model, loaded once for a test class, on the CPU.</summary>
public sealed class MiniLm : IDisposable
{
    private readonly ServedModels _models = new();

    /// <summary>Progress is dropped, because there is no Redis.</summary>
    private readonly JobStoreHost _nowhere = JobStoreHost.On(
        ConnectionMultiplexer.Connect("127.0.0.1:1,abortConnect=false,connectTimeout=100,connectRetry=0"));

    private readonly ILoadedModel _model;
    private readonly ModelJobs _jobs;

    public MiniLm()
    {
        var (device, options) = (new ExecutionDevice(null, "tests"), new ModelOptions());
        Tokenizer = TokenizerLoader.Load(Manifests.Shipped.PathOf(Manifests.Shipped.Tokenizer));
        _model = new EmbeddingWorkerTask().Load(
            Manifests.Shipped, new ModelServices(device, options, Batchers.Metrics(), TimeProvider.System, NullLogger.Instance));
        _models.Add(_model);
        _jobs = new ModelJobs(_models, new JobSinks(_nowhere.Store, TimeProvider.System, NullLogger<JobSink>.Instance));
    }

    internal ITokenizer Tokenizer { get; }

    /// <summary>Runs a body as a leased job.</summary>
    internal Task<JobOutcome> RunAsync(string body, string model = "all-minilm-l6-v2") =>
        _jobs.RunAsync(
            new LeasedJob
            {
                Id = JobId.New(QueueName.ForModel(model), TimeProvider.System.GetUtcNow()),
                Attempt = 1,
                Endpoint = EmbeddingTask.Endpoint,
                Model = model,
                Body = System.Text.Encoding.UTF8.GetBytes(body),
                TimeLeft = TimeSpan.FromMinutes(1),
                Waited = TimeSpan.Zero,
            },
            CancellationToken.None);

    public void Dispose() => _model.Stop();
}
