using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Idempotency;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.ServiceDefaults.Loops;
using AiPlatform.ServiceDefaults.Resilience;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using StackExchange.Redis;

namespace AiPlatform.Tests.Fixtures;

/// <summary>The real store on a real redis-server, with settings of the test's own.</summary>
internal sealed class JobStoreHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private JobStoreHost(ServiceProvider services) => _services = services;

    public IJobStore Store => _services.GetRequiredService<IJobStore>();

    public IQueueOperations Operations => _services.GetRequiredService<IQueueOperations>();

    public IIdempotencyKeys Keys => _services.GetRequiredService<IIdempotencyKeys>();

    /// <summary>Any other registered service.</summary>
    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    public IWorkerCatalog Catalog => _services.GetRequiredService<IWorkerCatalog>();

    /// <param name="redis">Its connection.</param>
    /// <param name="settings">Settings such as <c>("Jobs:LeaseDuration", "00:00:01")</c>.</param>
    public static JobStoreHost On(IConnectionMultiplexer redis, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value))).Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddSingleton(redis);
        services.AddLogging();
        services.AddMetrics();
        services.AddResiliencePipelines();
        services.AddSingleton<IHostApplicationLifetime, ApplicationLifetime>();
        services.AddSingleton<BackgroundLoops>();
        services.AddJobStore();
        return new JobStoreHost(services.BuildServiceProvider());
    }

    /// <summary>A submission with defaults for the values that most tests do not use.</summary>
    public static JobSubmission Submission(QueueName queue, string body = "{}", TimeSpan? deadline = null, string? watcher = null) => new()
    {
        Id = JobId.New(queue, TimeProvider.System.GetUtcNow()),
        Endpoint = EmbeddingTask.Endpoint,
        Model = queue.Value,
        Tenant = Tenants.Anonymous,
        Lane = Lane.Default,
        Cost = 1,
        Body = System.Text.Encoding.UTF8.GetBytes(body),
        Deadline = deadline ?? TimeSpan.FromMinutes(5),
        Watcher = watcher,
    };

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
