using System.Text.Json;
using System.Text.Json.Serialization;
using MassTransit;
using MassTransit.Transports;

namespace AiPlatform.Jobs.Leasing;

/// <summary>
/// Hands leased jobs to a MassTransit consumer through MassTransit's interface for transports that it does not own. The consumer has its
/// scope, observers and test harness; lease, retry and result stay in this library.
/// </summary>
internal sealed class ConsumerDispatcher<TConsumer>(IReceiveEndpointDispatcher<TConsumer> dispatcher) : IJobDispatcher
    where TConsumer : class, IConsumer<RunJob>
{
    private static readonly Dictionary<string, object> Headers = [];

    public Task DispatchAsync(RunningJob job, CancellationToken cancellationToken)
    {
        var command = new RunJob { JobId = job.Job.Id.ToString(), Attempt = job.Job.Attempt, Endpoint = job.Job.Endpoint };
        return dispatcher.Dispatch(
            JsonSerializer.SerializeToUtf8Bytes(command, RunJobJson.Default.RunJob), Headers, cancellationToken, job);
    }
}

/// <summary>Serializer of the command, in MassTransit's raw JSON (camel case).</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RunJob))]
internal sealed partial class RunJobJson : JsonSerializerContext;

/// <summary>Hands a leased job to the consumer that runs it.</summary>
public interface IJobDispatcher
{
    /// <summary>Completes when the consumer has ended, and has committed its result or given the job back.</summary>
    Task DispatchAsync(RunningJob job, CancellationToken cancellationToken);
}
