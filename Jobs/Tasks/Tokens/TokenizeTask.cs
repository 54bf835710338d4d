using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Classification;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Jobs.Tasks.Tokens;

/// <summary>Turns a text or a chat into tokens of a model, as vLLM does.</summary>
public static class TokenizeTask
{
    public const string Endpoint = "/v1/tokenize";

    /// <summary>Most tokens of a request, or of its answer.</summary>
    public const int MaxTokens = 300_000;

    /// <summary>Every model of a worker has a tokenizer.</summary>
    internal static IReadOnlyList<string> Kinds { get; } = [EmbeddingTask.Kind, ChatTask.Kind, ClassificationTask.Kind];

    public static ModelTask Description { get; } = new()
    {
        Kinds = Kinds,
        Endpoint = Endpoint,
        Operation = "tokenize",
        OutputTypes = [JobOutput.Json],
        Parse = static body => TokenizeRequestParser.Parse(body),
    };
}
