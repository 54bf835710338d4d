using System.Text.Json.Serialization;

namespace AiPlatform.Cli.Doctor;

/// <summary>The answer of <c>/health</c>, as far as it is used. Members that are missing are null.</summary>
internal sealed record HealthAnswer(string? Status, string? Version, IReadOnlyList<HealthCheckAnswer>? Checks);

/// <summary>A check in it.</summary>
internal sealed record HealthCheckAnswer(string? Name, string? Status, string? Detail);

/// <summary>The answer of <c>/v1/caller</c>.</summary>
internal sealed record CallerAnswer(string? Tenant, string? Role, bool HasKeys);

/// <summary>The answer of <c>/v1/queues</c>.</summary>
internal sealed record QueuesAnswer(IReadOnlyList<QueueAnswer>? Data);

/// <summary>A queue in it.</summary>
internal sealed record QueueAnswer(
    string? Queue, long Depth, long Running, long? OldestMs, int Workers, bool Paused, long Dead, long Broken, string? Problem);

/// <summary>An error of a native route.</summary>
internal sealed record ProblemAnswer(string? Detail);

/// <summary>The JSON of the routes that <c>doctor</c> reads.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(CallerAnswer))]
[JsonSerializable(typeof(QueuesAnswer))]
[JsonSerializable(typeof(ProblemAnswer))]
internal sealed partial class DoctorJson : JsonSerializerContext;
