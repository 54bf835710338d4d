using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks.Completions;

/// <summary>The types of the route's requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(CompletionRequest))]
[JsonSerializable(typeof(Completion))]
internal sealed partial class CompletionTypes : JsonSerializerContext;

/// <summary>The body of <c>POST /v1/completions</c>. Other fields are ignored.</summary>
/// <remarks>
/// For the API's description only: requests are read by <see cref="AiPlatform.Jobs.Tasks.Completions.CompletionRequestParser"/>.
/// </remarks>
internal sealed record CompletionRequest
{
    /// <summary>A language model that <c>/v1/models</c> lists.</summary>
    public required string Model { get; init; }

    /// <summary>
    /// One text, 1 to 128 texts, the token ids of one text, or the token ids of 1 to 128 texts. None may be empty. A special token that is
    /// written in a text becomes this special token.
    /// </summary>
    public required object Prompt { get; init; }

    /// <summary>Whether the answer comes as server-sent events.</summary>
    public bool? Stream { get; init; }

    /// <summary>For streams only: <c>include_usage</c> asks for the usage at the end.</summary>
    public JsonElement? StreamOptions { get; init; }

    /// <summary>How many texts are generated for each prompt; at most 128 for all prompts together.</summary>
    public int? N { get; init; }

    /// <summary>At most <c>n</c>, because the best of several texts is not chosen.</summary>
    public int? BestOf { get; init; }

    /// <summary>Most tokens of each text; the default is 16.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>0 to 2. At 0 the likeliest token is always chosen.</summary>
    public double? Temperature { get; init; }

    /// <summary>0 to 1: only the likeliest tokens that together have this probability.</summary>
    public double? TopP { get; init; }

    /// <summary>Only this many of the likeliest tokens; 0 or -1 for all. Not OpenAI's.</summary>
    public int? TopK { get; init; }

    /// <summary>0 to 1: only tokens with this part of the likeliest one's probability. Not OpenAI's.</summary>
    public double? MinP { get; init; }

    /// <summary>-2 to 2: the penalty for tokens that are already in the text.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>-2 to 2: the penalty for each time that a token is already in the text.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>0.01 to 100: the penalty for tokens of the prompt and the text; 1 is none. Not OpenAI's.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>The same seed asks for the same text.</summary>
    public long? Seed { get; init; }

    /// <summary>A string, or up to four, before which the text ends.</summary>
    public object? Stop { get; init; }

    /// <summary>Values from -100 to 100 that are added to the logits of single tokens, by their ids.</summary>
    public JsonElement? LogitBias { get; init; }

    /// <summary>How many of the likeliest tokens are reported with each token, 0 to 5. The generated token is always reported.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Whether tokens that end a text are treated like all others. Not OpenAI's.</summary>
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

    /// <summary>The choices of the first prompt, then those of the next.</summary>
    public required IReadOnlyList<JsonElement> Choices { get; init; }

    public required JsonElement Usage { get; init; }
}
