using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.Providers.Requests;

/// <summary>
/// A request in OpenAI's dialect as it was sent, and where in its bytes stands what the Gateway acts on. Everything else goes to the
/// provider as it is.
/// </summary>
internal sealed record ProviderRequest
{
    /// <summary>The route: <c>/v1/chat/completions</c> or <c>/v1/embeddings</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The bytes as received.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    public required string Model { get; init; }

    /// <summary>Where the model's name stands, quotes included.</summary>
    public required Range ModelAt { get; init; }

    /// <summary>Whether the answer is to come as server-sent events.</summary>
    public bool Streams { get; init; }

    /// <summary>Where the value of <c>stream_options</c> stands; null when it is not there.</summary>
    public Range? StreamOptionsAt { get; init; }

    /// <summary>Whether a stream is to end with its usage.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary>Where the closing bracket of <c>messages</c> stands; 0 for embeddings.</summary>
    public int MessagesEnd { get; init; }

    /// <summary>Vectors that an embeddings answer must have; 0 for chats.</summary>
    public int Inputs { get; init; }

    /// <summary>How vectors are to be written; null where only the provider knows the form.</summary>
    public EmbeddingFormat? VectorFormat { get; init; }

    /// <summary>The JSON Schema that the answer must fit, as it stands in the request; null when there is none.</summary>
    public ReadOnlyMemory<byte>? Schema { get; init; }

    /// <summary>Whether the answer must be a JSON object (<c>response_format</c> <c>json_object</c>).</summary>
    public bool WantsJsonObject { get; init; }

    /// <summary>Our own field: an answer that does not fit its schema is given with the error.</summary>
    public bool IncludesRawAnswer { get; init; }

    /// <summary>Where our own fields stand, with the comma that parts them from their neighbours: the provider does not see them.</summary>
    public IReadOnlyList<Range> OwnFields { get; init; } = [];

    /// <summary>
    /// Whether equal requests may be given equal answers: embeddings, and chats with <c>temperature</c> 0 or a <c>seed</c>.
    /// </summary>
    public bool IsDeterministic { get; init; }
}

/// <summary>A valid request for a model that a provider serves.</summary>
/// <param name="Request">The request.</param>
/// <param name="Candidates">The model that was asked for, and its fallbacks.</param>
/// <param name="Check">What the answer must fit; null for anything.</param>
internal sealed record RoutedRequest(ProviderRequest Request, IReadOnlyList<ProviderModel> Candidates, IAnswerCheck? Check)
{
    /// <summary>The model that was asked for.</summary>
    public ProviderModel Model => Candidates[0];
}
