using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.ServiceDefaults;
using AiPlatform.ServiceDefaults.Health;
using AiPlatform.ServiceDefaults.Loops;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Tests.Fixtures;

/// <summary>A process that really leases, with a consumer that the test provides.</summary>
internal sealed class LeasingHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LeasingHost(WebApplication app) => _app = app;

    public IJobStore Store => _app.Services.GetRequiredService<IJobStore>();

    /// <summary>Whether new jobs are still leased; running jobs may continue when none are.</summary>
    public bool Leases => _app.Services.GetRequiredService<BackgroundLoops>().All
        .Any(loop => loop.Name.StartsWith("leasing ", StringComparison.Ordinal));

    /// <summary>Its name as one that leases.</summary>
    public string Worker => _app.Services.GetRequiredService<WorkerName>().Value;

    public RunningJobs Running => _app.Services.GetRequiredService<RunningJobs>();

    public HealthCheckService Health => _app.Services.GetRequiredService<HealthCheckService>();

    /// <param name="redis">Its connection string.</param>
    /// <param name="queue">Leased from, 8 jobs at a time.</param>
    /// <param name="run">Runs a job.</param>
    /// <param name="settings">Settings such as <c>("Leasing:DrainTimeout", "00:00:01")</c>.</param>
    public static Task<LeasingHost> StartAsync(
        string redis,
        QueueName queue,
        Func<LeasedJob, CancellationToken, Task<JobOutcome>> run,
        params (string Key, string Value)[] settings) => StartAsync(redis, [queue], run, settings);

    /// <summary>The same with several queues.</summary>
    public static async Task<LeasingHost> StartAsync(
        string redis,
        IReadOnlyList<QueueName> queues,
        Func<LeasedJob, CancellationToken, Task<JobOutcome>> run,
        params (string Key, string Value)[] settings) => await StartAsync(redis, queues, queue => queue, run, settings);

    /// <summary>The same with other settings of the queues.</summary>
    public static async Task<LeasingHost> StartAsync(
        string redis,
        IReadOnlyList<QueueName> queues,
        Func<LeasedQueue, LeasedQueue> change,
        Func<LeasedJob, CancellationToken, Task<JobOutcome>> run,
        params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            settings.Append(("ConnectionStrings:redis", redis)).Append(("urls", $"http://127.0.0.1:{FreePort.Next()}"))
                .Select(one => KeyValuePair.Create(one.Item1, (string?)one.Item2)));
        builder.AddServiceDefaults("test", HealthStatus.Unhealthy);
        builder.Services.AddJobStore();
        builder.Services.AddSingleton(new FixedQueues(queues, change));
        builder.Services.AddSingleton(run);
        builder.Services.AddLeasing<ScriptedConsumer, FixedQueues>();
        builder.Services.AddSweeping<FixedQueues>();
        var app = builder.Build();
        app.MapDefaultEndpoints();
        await app.StartAsync();
        return new LeasingHost(app);
    }

    public async Task<HealthStatus> LivenessAsync() =>
        (await Health.CheckHealthAsync(check => check.Tags.Contains(HealthTags.Live))).Status;

    public async Task<HealthReport> ReadinessAsync() => await Health.CheckHealthAsync(check => check.Tags.Contains(HealthTags.Ready));

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private sealed class FixedQueues(IReadOnlyList<QueueName> queues, Func<LeasedQueue, LeasedQueue> change) : ILeasedQueues, ISweptQueues
    {
        public IReadOnlyCollection<QueueName> Queues => queues;

        public Task<IReadOnlyList<LeasedQueue>> NextAsync(IReadOnlyList<LeasedQueue>? known, CancellationToken cancellationToken) =>
            known is null
                ? Task.FromResult<IReadOnlyList<LeasedQueue>>([.. queues.Select(queue => change(new LeasedQueue(queue, 8)))])
                : ILeasedQueues.NeverAsync(cancellationToken);
    }

    private sealed class ScriptedConsumer(LeasedJobRunner runner, Func<LeasedJob, CancellationToken, Task<JobOutcome>> run)
        : IConsumer<RunJob>
    {
        public Task Consume(ConsumeContext<RunJob> context)
        {
            var running = context.TryGetPayload<RunningJob>(out var job)
                ? job
                : throw new InvalidOperationException("No job came beside the command.");
            if (running.Job.Id.ToString() != context.Message.JobId || running.Job.Attempt != context.Message.Attempt)
                throw new InvalidOperationException("The job beside the command is another one.");
            return runner.RunAsync(running, run);
        }
    }
}
