using System.Text.Json;

namespace AiPlatform.Gateway.Tasks.Chat;

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
