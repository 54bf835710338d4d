using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks.Completions;

/// <summary>The types of the route's requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(Completion))]
internal sealed partial class CompletionTypes : JsonSerializerContext;

/// <summary>The body of <c>POST /v1/completions</c>. Fields that are not here are passed over.</summary>
/// <remarks>
/// For the API's description only: requests are read by <see cref="AiPlatform.Jobs.Tasks.Completions.CompletionRequestParser"/>.
/// </remarks>
internal sealed record CompletionRequest
{
    /// <summary>A language model that <c>/v1/models</c> lists.</summary>
    public required string Model { get; init; }

    /// <summary>
    /// One text or 1 to 128, or the token ids of one or of 1 to 128; none may be empty. Special tokens in a text are such tokens.
    /// </summary>
    public required object Prompt { get; init; }

    /// <summary>Whether the answer comes as server-sent events.</summary>
    public bool? Stream { get; init; }

    /// <summary>For streams only: <c>include_usage</c> asks for the usage at the end.</summary>
    public JsonElement? StreamOptions { get; init; }

    /// <summary>How many texts for each prompt; all prompts together may have 128.</summary>
    public int? N { get; init; }

    /// <summary>At most <c>n</c>: the best of more texts is not chosen.</summary>
    public int? BestOf { get; init; }

    /// <summary>Most tokens of each text, 16 where it is missing.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>0 to 2; 0 takes the likeliest token always.</summary>
    public double? Temperature { get; init; }

    /// <summary>0 to 1: only the likeliest tokens that have this much of the probability.</summary>
    public double? TopP { get; init; }

    /// <summary>Only so many of the likeliest tokens; 0 or -1 for all. Not OpenAI's.</summary>
    public int? TopK { get; init; }

    /// <summary>0 to 1: only tokens with this part of the likeliest one's probability. Not OpenAI's.</summary>
    public double? MinP { get; init; }

    /// <summary>-2 to 2, against tokens that the text has.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>-2 to 2, against tokens for each time that the text has them.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>0.01 to 100, against tokens that prompt and text have; 1 is none. Not OpenAI's.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>The same seed asks for the same text.</summary>
    public long? Seed { get; init; }

    /// <summary>A string, or up to four, before which the text ends.</summary>
    public object? Stop { get; init; }

    /// <summary>What is added for single tokens, by their ids; -100 to 100.</summary>
    public JsonElement? LogitBias { get; init; }

    /// <summary>How many of the likeliest tokens the answer names for each, 0 to 5; the one that came is there as well.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Whether tokens that end a text are like all others. Not OpenAI's.</summary>
    public bool? IgnoreEos { get; init; }

    /// <summary>Not supported: leave it out.</summary>
    public bool? Echo { get; init; }

    /// <summary>Not supported: leave it out.</summary>
    public string? Suffix { get; init; }

    /// <summary>
    /// What each text must fit, as for chats: <c>text</c>, <c>json_object</c>, <c>json_schema</c>, <c>regex</c> or <c>grammar</c>. Not
    /// OpenAI's.
    /// </summary>
    public JsonElement? ResponseFormat { get; init; }
}

/// <summary>The answer of <c>POST /v1/completions</c>.</summary>
/// <remarks>For the API's description only: workers write it.</remarks>
internal sealed record Completion
{
    public required string Id { get; init; }

    /// <summary>Always <c>text_completion</c>.</summary>
    public required string Object { get; init; }

    /// <summary>Seconds since 1970.</summary>
    public required long Created { get; init; }

    public required string Model { get; init; }

    /// <summary>The first prompt's, then the next one's.</summary>
    public required IReadOnlyList<JsonElement> Choices { get; init; }

    public required JsonElement Usage { get; init; }
}
