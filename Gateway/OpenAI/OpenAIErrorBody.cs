using System.Text.Json;
using System.Text.Json.Serialization;
using AiPlatform.Gateway.Json;

namespace AiPlatform.Gateway.OpenAI;

/// <summary>The body of every error of the OpenAI dialect.</summary>
internal sealed record OpenAIErrorBody
{
    public required OpenAIErrorObject Error { get; init; }
}

/// <summary>The error. All four keys are always present, even if they are null.</summary>
internal sealed record OpenAIErrorObject
{
    /// <summary>The message for people.</summary>
    public required string Message { get; init; }

    /// <summary>OpenAI's name for the kind of error, such as <c>invalid_request_error</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The request's field that is wrong, such as <c>input[3]</c>; null when no single one is.</summary>
    public required string? Param { get; init; }

    /// <summary>A stable name for programs, such as <c>model_not_found</c>.</summary>
    public required string Code { get; init; }

    /// <summary>
    /// The model's answer, if it does not fit its schema and the request had <c>include_raw_answer</c>; otherwise absent.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RawAnswer { get; init; }
}

/// <summary>Serializer of errors.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(OpenAIErrorBody))]
internal sealed partial class OpenAIErrorJson : JsonSerializerContext
{
    /// <summary>For answers; see <see cref="AnswerJson"/>.</summary>
    public static OpenAIErrorJson Readable { get; } = new(AnswerJson.Configure(new JsonSerializerOptions()));
}
