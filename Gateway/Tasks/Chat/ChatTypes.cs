using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks.Chat;

/// <summary>The fields of the body of <c>POST /v1/chat/completions</c> that the Gateway uses; for the API's description.</summary>
internal sealed record ChatRequest
{
    /// <summary>The model to ask.</summary>
    public required string Model { get; init; }

    /// <summary>The conversation, at least one message.</summary>
    public required IReadOnlyList<JsonElement> Messages { get; init; }

    /// <summary>Whether the answer comes as server-sent events.</summary>
    public bool? Stream { get; init; }

    /// <summary>For streams only: <c>include_usage</c> asks for the usage at the end.</summary>
    public JsonElement? StreamOptions { get; init; }

    /// <summary>
    /// <c>text</c>, <c>json_object</c> (the answer must be one), or <c>json_schema</c> with a name and a schema (draft 2020-12) that the
    /// answer must fit. For workers' models also <c>regex</c> and <c>grammar</c>, which are not OpenAI's.
    /// </summary>
    public JsonElement? ResponseFormat { get; init; }

    /// <summary>
    /// Functions that the answer may call, at most 128; their <c>parameters</c> are JSON Schemas of the type <c>object</c>.
    /// </summary>
    public JsonElement? Tools { get; init; }

    /// <summary><c>none</c>, <c>auto</c>, <c>required</c>, or a function that must be called.</summary>
    public JsonElement? ToolChoice { get; init; }

    /// <summary>Whether the answer may have several calls.</summary>
    public JsonElement? ParallelToolCalls { get; init; }

    /// <summary>0 to 2. At 0 equal requests have equal answers, which may be cached.</summary>
    public double? Temperature { get; init; }

    /// <summary>The same seed asks for the same answer.</summary>
    public long? Seed { get; init; }

    /// <summary>Most tokens of each answer.</summary>
    public JsonElement? MaxCompletionTokens { get; init; }

    /// <summary>The same, by its older name.</summary>
    public JsonElement? MaxTokens { get; init; }

    /// <summary>How many answers, 1 to 128.</summary>
    public JsonElement? N { get; init; }

    /// <summary>A string, or up to four, before which the answer ends.</summary>
    public JsonElement? Stop { get; init; }

    /// <summary>0 to 1: only the likeliest tokens that together have this probability.</summary>
    public JsonElement? TopP { get; init; }

    /// <summary>-2 to 2: the penalty for tokens that are already in the answer.</summary>
    public JsonElement? PresencePenalty { get; init; }

    /// <summary>-2 to 2: the penalty for each time that a token is already in the answer.</summary>
    public JsonElement? FrequencyPenalty { get; init; }

    /// <summary>Values from -100 to 100 that are added to the logits of single tokens, by their ids.</summary>
    public JsonElement? LogitBias { get; init; }

    /// <summary>Whether the answer has the log-probabilities of its tokens.</summary>
    public JsonElement? Logprobs { get; init; }

    /// <summary>How many of the likeliest tokens are reported with each token, 0 to 20.</summary>
    public JsonElement? TopLogprobs { get; init; }

    /// <summary>Only this many of the likeliest tokens. For workers' models; not OpenAI's.</summary>
    public JsonElement? TopK { get; init; }

    /// <summary>0 to 1: only tokens with this part of the likeliest one's probability. For workers' models; not OpenAI's.</summary>
    public JsonElement? MinP { get; init; }

    /// <summary>0.01 to 100: the penalty for tokens of the messages and the answer; 1 is none. For workers' models; not OpenAI's.</summary>
    public JsonElement? RepetitionPenalty { get; init; }

    /// <summary>Whether tokens that end an answer are treated like all others. For workers' models; not OpenAI's.</summary>
    public JsonElement? IgnoreEos { get; init; }

    /// <summary>What an answer consists of. Workers' models write <c>text</c> only.</summary>
    public JsonElement? Modalities { get; init; }

    /// <summary>Whether the error about an answer that does not fit its schema has the model's answer. A field of our own.</summary>
    public bool? IncludeRawAnswer { get; init; }
}

/// <summary>The types of the route's requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatCompletion))]
internal sealed partial class ChatTypes : JsonSerializerContext;

/// <summary>
/// OpenAI's answer to a chat. A provider's answer is passed on unchanged, and workers write the same form. For the API's description.
/// </summary>
internal sealed record ChatCompletion
{
    public string? Id { get; init; }

    /// <summary><c>chat.completion</c>.</summary>
    public string? Object { get; init; }

    /// <summary>Seconds since 1970.</summary>
    public long? Created { get; init; }

    /// <summary>The provider's name of the model.</summary>
    public string? Model { get; init; }

    public required IReadOnlyList<JsonElement> Choices { get; init; }

    public JsonElement? Usage { get; init; }
}
