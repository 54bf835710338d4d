using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.Gateway.Admission;

/// <summary>A call that may be run: its request is valid and its model is served.</summary>
/// <param name="Task">The task whose call this is.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Body">The request's bytes as received.</param>
/// <param name="Provider">The provider of the model; null for a model of our own workers.</param>
internal sealed record AdmittedCall(ModelTask Task, string Model, ReadOnlyMemory<byte> Body, RoutedRequest? Provider = null)
{
    /// <summary>The queue of its job. It is created on demand, because most calls to providers are not jobs.</summary>
    public QueueName Queue => Provider is null ? QueueName.ForModel(Model) : QueueName.ForProvider(Model);

    /// <summary>Whether the caller wants the answer as a stream.</summary>
    public bool Streams { get; init; } = Provider is { Request.Streams: true };

    /// <summary>Expected bytes of its result in Redis; 0 when unknown.</summary>
    public long ResultBytes { get; init; }

    /// <summary>An estimate of the most tokens that it reads and writes.</summary>
    public long Tokens { get; init; } = Provider?.Request.Tokens ?? 0;

    /// <summary>Its cost, by which tenants share the model. By default it is the size of the request in bytes.</summary>
    public long Cost { get; init; } = Body.Length;
}
