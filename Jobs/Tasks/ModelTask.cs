using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Jobs.Tasks;

/// <summary>What a kind of model does, as both processes know it; <see cref="ModelTasks.All"/> has one for each kind.</summary>
public sealed record ModelTask
{
    /// <summary>What manifests and the catalog call it, such as <c>embedding</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The route whose calls it runs, such as <c>/v1/embeddings</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>What its calls are in OpenTelemetry's GenAI conventions, such as <c>embeddings</c>.</summary>
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
    /// <summary>Whether the caller wants the answer piece by piece.</summary>
    public virtual bool Streams => false;

    /// <summary>What the model cannot do of the request, as far as its descriptor tells; null when nothing is known against it.</summary>
    public virtual InferenceError? Check(ModelDescriptor model) => null;

    /// <summary>What the request may take of its model, as tenants share it: its bytes, where a task knows nothing better.</summary>
    /// <param name="bodyBytes">Bytes of the request.</param>
    public virtual long Cost(int bodyBytes) => bodyBytes;

    /// <summary>What the result is expected to take in Redis; 0 when nobody knows.</summary>
    public virtual long ResultBytes(ModelDescriptor model) => 0;
}
