using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.Gateway.Admission;

/// <summary>A call that may be run: its request is valid and its model is served.</summary>
/// <param name="Task">The task whose call this is.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Body">The request's bytes as received.</param>
/// <param name="Provider">Who serves the model, when it is not our own workers.</param>
internal sealed record AdmittedCall(ModelTask Task, string Model, ReadOnlyMemory<byte> Body, RoutedRequest? Provider = null)
{
    /// <summary>Where its job waits; made when it is asked for: most calls to providers are no jobs.</summary>
    public QueueName Queue => QueueName.ForModel(Model);

    /// <summary>Whether the caller wants the answer piece by piece.</summary>
    public bool Streams { get; init; } = Provider is { Request.Streams: true };

    /// <summary>What its result is expected to take in Redis; 0 when nobody knows.</summary>
    public long ResultBytes { get; init; }

    /// <summary>What it may take of its model, as tenants share it: its bytes, where its task knows nothing better.</summary>
    public long Cost { get; init; } = Body.Length;
}
