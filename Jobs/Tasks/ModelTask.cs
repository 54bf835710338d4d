using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Limits;

namespace AiPlatform.Jobs.Tasks;

/// <summary>
/// The part of a task that both processes share, for one route that calls models; <see cref="ModelTasks.All"/> has all of them. A kind of
/// model may run several.
/// </summary>
public sealed record ModelTask
{
    /// <summary>The kinds of models that run it, as manifests and the catalog call them, such as <c>embedding</c>.</summary>
    public required IReadOnlyList<string> Kinds { get; init; }

    /// <summary>The route, such as <c>/v1/embeddings</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The operation of its calls in OpenTelemetry's GenAI conventions, such as <c>embeddings</c>.</summary>
    public required string Operation { get; init; }

    /// <summary>The content types of its results as they are stored.</summary>
    public required IReadOnlyList<string> OutputTypes { get; init; }

    /// <summary>Validates a request for a model of our own workers.</summary>
    public required TaskRequestParser Parse { get; init; }
}

/// <summary>Validates a request's bytes: exactly one of the two is set. Never throws, whatever the bytes.</summary>
public delegate (TaskCall? Call, InferenceError? Error) TaskRequestParser(ReadOnlySpan<byte> body);

/// <summary>A valid request of a task.</summary>
/// <param name="Model">The model's name, not yet looked up.</param>
public abstract record TaskCall(string Model)
{
    /// <summary>Whether the caller wants the answer as a stream.</summary>
    public virtual bool Streams => false;

    /// <summary>An error if the model's descriptor shows that the model cannot run the request; else null.</summary>
    public virtual InferenceError? Check(ModelDescriptor model) => null;

    /// <summary>
    /// The cost of the request for its model, by which tenants share the workers. By default it is the size of the request in bytes.
    /// </summary>
    /// <param name="bodyBytes">Bytes of the request.</param>
    public virtual long Cost(int bodyBytes) => bodyBytes;

    /// <summary>
    /// An estimate of the most tokens that it reads and writes, which count against its tenant's limits until its usage is known.
    /// </summary>
    /// <param name="bodyBytes">Bytes of the request.</param>
    public virtual long MostTokens(int bodyBytes) => CallLimits.TokensIn(bodyBytes);

    /// <summary>Expected bytes of the result in Redis; 0 when unknown.</summary>
    public virtual long ResultBytes(ModelDescriptor model) => 0;
}
