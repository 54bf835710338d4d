using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Jobs.Limits;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.Providers.Requests;

/// <summary>
/// A request in OpenAI's dialect, with the positions of the fields that the Gateway uses. All other bytes go to the provider unchanged.
/// </summary>
internal sealed record ProviderRequest
{
    private const int TokensPerFile = 1_000;

    /// <summary>The route: <c>/v1/chat/completions</c> or <c>/v1/embeddings</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The bytes as received.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    public required string Model { get; init; }

    /// <summary>The range of the model's name, including its quotes.</summary>
    public required Range ModelAt { get; init; }

    /// <summary>Whether the caller wants server-sent events.</summary>
    public bool Streams { get; init; }

    /// <summary>The range of the value of <c>stream_options</c>; null when it is missing.</summary>
    public Range? StreamOptionsAt { get; init; }

    /// <summary>Whether the caller wants the usage at the end of a stream.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary>The index of the closing bracket of <c>messages</c>; 0 for embeddings.</summary>
    public int MessagesEnd { get; init; }

    /// <summary>Vectors that an embeddings answer must have; 0 for chats.</summary>
    public int Inputs { get; init; }

    /// <summary>The form of vectors that the caller wants; null for a form that only the provider knows.</summary>
    public EmbeddingFormat? VectorFormat { get; init; }

    /// <summary>The JSON Schema that the answer must fit, as it is in the request; null when there is none.</summary>
    public ReadOnlyMemory<byte>? Schema { get; init; }

    /// <summary>Whether the answer must be a JSON object (<c>response_format</c> <c>json_object</c>).</summary>
    public bool WantsJsonObject { get; init; }

    /// <summary>A field of our own: whether the error also has the answer that does not fit its schema.</summary>
    public bool IncludesRawAnswer { get; init; }

    /// <summary>
    /// The ranges of our own fields, including the comma that separates them. They are removed before the provider gets the request.
    /// </summary>
    public IReadOnlyList<Range> OwnFields { get; init; } = [];

    /// <summary>Most tokens of one of its answers; null when the request does not say.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>Answers that it asks for.</summary>
    public long Choices { get; init; } = 1;

    /// <summary>
    /// An estimate of the most tokens that it reads and writes: those of its text, a thousand for each embedded file (<c>data:</c>), and
    /// those of its answers.
    /// </summary>
    public long Tokens
    {
        get
        {
            long files = 0, bytesOfFiles = 0;
            for (var rest = Body.Span; rest.IndexOf("\"data:"u8) is >= 0 and var at; files++)
            {
                rest = rest[(at + 1)..];
                var end = rest.IndexOf((byte)'"');
                bytesOfFiles += end;
                rest = rest[end..];
            }

            var read = CallLimits.TokensIn(Body.Length - bytesOfFiles) + (files * TokensPerFile);
            return MessagesEnd == 0 ? read : read + (Choices * (MaxTokens ?? CallLimits.TypicalAnswer));
        }
    }

    /// <summary>
    /// Whether equal requests may get the same answer, which holds for embeddings and for chats with <c>temperature</c> 0 or a <c>seed</c>.
    /// </summary>
    public bool IsDeterministic { get; init; }
}

/// <summary>A valid request for a model that a provider serves.</summary>
/// <param name="Request">The request.</param>
/// <param name="Candidates">The model that was asked for, and its fallbacks.</param>
/// <param name="Check">The check that the answer must pass; null for none.</param>
internal sealed record RoutedRequest(ProviderRequest Request, IReadOnlyList<ProviderModel> Candidates, IAnswerCheck? Check)
{
    /// <summary>The model that was asked for.</summary>
    public ProviderModel Model => Candidates[0];
}
