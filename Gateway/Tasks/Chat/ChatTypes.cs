using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks.Chat;

/// <summary>The body of <c>POST /v1/chat/completions</c>, as far as the Gateway acts on it; for the API's description.</summary>
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
    /// answer must fit.
    /// </summary>
    public JsonElement? ResponseFormat { get; init; }

    /// <summary>0 to 2. At 0 equal requests have equal answers, which a model's cache may keep.</summary>
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

    /// <summary>0 to 1: only the likeliest tokens that have this much of the probability.</summary>
    public JsonElement? TopP { get; init; }

    /// <summary>-2 to 2, against tokens that the answer has.</summary>
    public JsonElement? PresencePenalty { get; init; }

    /// <summary>-2 to 2, against tokens for each time that the answer has them.</summary>
    public JsonElement? FrequencyPenalty { get; init; }

    /// <summary>What is added for single tokens, by their ids; -100 to 100.</summary>
    public JsonElement? LogitBias { get; init; }

    /// <summary>Whether the answer says how likely its tokens were.</summary>
    public JsonElement? Logprobs { get; init; }

    /// <summary>How many of the likeliest tokens it names for each, 0 to 20.</summary>
    public JsonElement? TopLogprobs { get; init; }

    /// <summary>Only so many of the likeliest tokens. For workers' models; not OpenAI's.</summary>
    public JsonElement? TopK { get; init; }

    /// <summary>0 to 1: only tokens with this part of the likeliest one's probability. For workers' models; not OpenAI's.</summary>
    public JsonElement? MinP { get; init; }

    /// <summary>0.01 to 100, against tokens that messages and answer have; 1 is none. For workers' models; not OpenAI's.</summary>
    public JsonElement? RepetitionPenalty { get; init; }

    /// <summary>Whether tokens that end an answer are like all others. For workers' models; not OpenAI's.</summary>
    public JsonElement? IgnoreEos { get; init; }

    /// <summary>Whether the error about an answer that does not fit its schema shows what the model said. Our own field.</summary>
    public bool? IncludeRawAnswer { get; init; }
}

/// <summary>The types of the route's requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatCompletion))]
internal sealed partial class ChatTypes : JsonSerializerContext;

/// <summary>
/// OpenAI's answer to a chat; what a provider says passes through as it is, and workers write the same. For the API's description.
/// </summary>
internal sealed record ChatCompletion
{
    public string? Id { get; init; }

    /// <summary><c>chat.completion</c>.</summary>
    public string? Object { get; init; }

    /// <summary>Seconds since 1970.</summary>
    public long? Created { get; init; }

    /// <summary>The model, as its provider calls it.</summary>
    public string? Model { get; init; }

    public required IReadOnlyList<JsonElement> Choices { get; init; }

    public JsonElement? Usage { get; init; }
}
