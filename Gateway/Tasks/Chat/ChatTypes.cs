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

    /// <summary>Whether the error about an answer that does not fit its schema shows what the model said. Our own field.</summary>
    public bool? IncludeRawAnswer { get; init; }
}

/// <summary>The types of the route's requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatCompletion))]
internal sealed partial class ChatTypes : JsonSerializerContext;

/// <summary>OpenAI's answer to a chat; what a provider says passes through as it is. For the API's description.</summary>
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
