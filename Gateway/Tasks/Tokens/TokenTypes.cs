using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks.Tokens;

/// <summary>The types of the routes' requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(TokenizeRequest))]
[JsonSerializable(typeof(TokenList))]
[JsonSerializable(typeof(DetokenizeRequest))]
[JsonSerializable(typeof(TokenText))]
internal sealed partial class TokenTypes : JsonSerializerContext;

/// <summary>The body of <c>POST /v1/tokenize</c>, with either <c>prompt</c> or <c>messages</c>. Other fields are ignored.</summary>
/// <remarks>
/// For the API's description only: requests are read by <see cref="AiPlatform.Jobs.Tasks.Tokens.TokenizeRequestParser"/>.
/// </remarks>
internal sealed record TokenizeRequest
{
    /// <summary>A worker's model that <c>/v1/models</c> lists.</summary>
    public required string Model { get; init; }

    /// <summary>A text. A special token that is written in it becomes this special token.</summary>
    public string? Prompt { get; init; }

    /// <summary>A chat, for language models. The model's chat template renders it.</summary>
    public JsonElement? Messages { get; init; }

    /// <summary>Whether the tokenizer adds its special tokens around the text; the default is true. For <c>prompt</c> only.</summary>
    public bool? AddSpecialTokens { get; init; }

    /// <summary>Whether the chat ends where the assistant's answer begins; the default is true. For <c>messages</c> only.</summary>
    public bool? AddGenerationPrompt { get; init; }

    /// <summary>Whether the answer has the tokens' names in the vocabulary.</summary>
    public bool? ReturnTokenStrs { get; init; }

    /// <summary>A field of other servers, which is refused: use <c>prompt</c>.</summary>
    public JsonElement? Inputs { get; init; }

    /// <summary>Not supported: leave it out.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Not supported: leave it out.</summary>
    public JsonElement? ChatTemplate { get; init; }

    /// <summary>Not supported: leave it out.</summary>
    public JsonElement? ContinueFinalMessage { get; init; }
}

/// <summary>The answer of <c>POST /v1/tokenize</c>.</summary>
/// <remarks>For the API's description only: workers write it.</remarks>
internal sealed record TokenList
{
    /// <summary>How many tokens there are, at most 300,000.</summary>
    public required int Count { get; init; }

    /// <summary>Most tokens that the model accepts. The answer may have more.</summary>
    public required int MaxModelLen { get; init; }

    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>The tokens' names in the vocabulary; null unless <c>return_token_strs</c> is true.</summary>
    public required IReadOnlyList<string>? TokenStrs { get; init; }
}

/// <summary>The body of <c>POST /v1/detokenize</c>. Other fields are ignored.</summary>
/// <remarks>
/// For the API's description only: requests are read by <see cref="AiPlatform.Jobs.Tasks.Tokens.DetokenizeRequestParser"/>.
/// </remarks>
internal sealed record DetokenizeRequest
{
    /// <summary>A worker's model that <c>/v1/models</c> lists.</summary>
    public required string Model { get; init; }

    /// <summary>At most 300,000 token ids of the model.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }
}

/// <summary>The answer of <c>POST /v1/detokenize</c>.</summary>
/// <remarks>For the API's description only: workers write it.</remarks>
internal sealed record TokenText
{
    /// <summary>The text. Bytes that are not valid UTF-8 become U+FFFD.</summary>
    public required string Prompt { get; init; }
}
