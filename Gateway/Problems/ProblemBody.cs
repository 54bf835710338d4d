using System.Text.Json;
using System.Text.Json.Serialization;
using AiPlatform.Gateway.Json;

namespace AiPlatform.Gateway.Problems;

/// <summary>The body of every error of our own routes: an RFC 9457 problem.</summary>
internal sealed record ProblemBody
{
    /// <summary>
    /// A stable URI reference: <c>/problems/</c> and the code with <c>-</c>, such as <c>/problems/queue-full</c>; for limits it is
    /// registered, <c>https://iana.org/assignments/http-problem-types#quota-exceeded</c>. It is a name and not the URL of a page.
    /// </summary>
    public required string Type { get; init; }

    /// <summary>The same for every problem of this type.</summary>
    public required string Title { get; init; }

    /// <summary>The HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What happened this time, and what to change.</summary>
    public required string Detail { get; init; }

    /// <summary>The path of the request.</summary>
    public required string Instance { get; init; }

    /// <summary>A stable name for programs, such as <c>queue_full</c>.</summary>
    public required string Code { get; init; }

    /// <summary>Whether the same request may succeed later.</summary>
    public required bool Retryable { get; init; }

    /// <summary>The request's field that is wrong, such as <c>body.input[3]</c>; null when no single one is.</summary>
    public required string? Param { get; init; }

    /// <summary>The model's answer, if it does not fit its schema and the request asked to see it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RawAnswer { get; init; }

    /// <summary>The limit that refused the call, as the header RateLimit-Policy names it; absent in other problems.</summary>
    [JsonPropertyName("violated-policies")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? ViolatedPolicies { get; init; }

    /// <summary>The request's name in logs and traces.</summary>
    [JsonPropertyName("traceId")]
    public required string TraceId { get; init; }

    /// <summary>The job, where there is one.</summary>
    [JsonPropertyName("jobId")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? JobId { get; init; }
}

/// <summary>Serializer of problems.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class ProblemJson : JsonSerializerContext
{
    /// <summary>For answers; see <see cref="AnswerJson"/>.</summary>
    public static ProblemJson Readable { get; } = new(AnswerJson.Configure(new JsonSerializerOptions()));
}
