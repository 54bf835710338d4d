using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AiPlatform.Client.Jobs;

namespace AiPlatform.Cli.Jobs;

/// <summary>Jobs as text for people and for programs.</summary>
internal static class JobText
{
    /// <summary>The job as JSON on one line, with the Gateway's names.</summary>
    public static string JsonOf(Job job) => JsonSerializer.Serialize(job, JobsJson.Readable.Job);

    /// <summary>All that is known of it, a line each, and its output below.</summary>
    public static string Of(Job job)
    {
        var text = new StringBuilder();
        void Add(string name, string? value)
        {
            if (value is not null) text.Append(CultureInfo.InvariantCulture, $"{name,-10} {value}\n");
        }

        Add("job", job.Id);
        Add("status", job.Status + (job.Position is { } ahead ? $", {ahead} jobs are ahead of it" : ""));
        Add("endpoint", job.Endpoint);
        Add("model", job.Model);
        Add("lane", job.Lane);
        Add("created", TimeOf(job.CreatedAt));
        Add("started", job.StartedAt is { } started ? TimeOf(started) : null);
        Add("finished", job.FinishedAt is { } finished ? TimeOf(finished) : null);
        Add("deadline", TimeOf(job.Deadline));
        Add("attempts", job.Attempts.ToString(CultureInfo.InvariantCulture));
        Add("progress", job.Progress is { } now ? $"{now.Done}{(now.Total is { } all ? $" of {all}" : "")} {now.Unit}" : null);
        Add("usage", job.Usage is { ValueKind: JsonValueKind.Object } usage ? usage.GetRawText() : null);
        Add("trace", job.TraceId);
        foreach (var (name, value) in job.Metadata ?? new Dictionary<string, string>()) Add("metadata", $"{name} = {value}");
        Add("error", job.Error is { } error ? $"{error.Code}: {error.Message}{(error.Retryable ? " A retry may help." : "")}" : null);
        if (job.Output is { ValueKind: not JsonValueKind.Null } output) text.Append('\n').Append(OutputOf(output)).Append('\n');
        return text.ToString().TrimEnd('\n');
    }

    /// <summary>The text of an answer that has only one; of other outputs, their JSON.</summary>
    public static string OutputOf(JsonElement output)
    {
        var choices = ChoicesOf(output);
        return choices is [var only] && (TextOf(only, "message") ?? TextOf(only)) is { } text ? text : output.GetRawText();
    }

    /// <summary>The text that a part of a stream adds to the first choice; empty where it adds none.</summary>
    public static string PieceOf(JsonElement part)
    {
        var first = ChoicesOf(part).FirstOrDefault(choice =>
            !choice.TryGetProperty("index", out var index) || (index.ValueKind == JsonValueKind.Number && index.GetDouble() == 0));
        return first.ValueKind == JsonValueKind.Object ? TextOf(first, "delta") ?? TextOf(first) ?? "" : "";
    }

    public static string TimeOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static List<JsonElement> ChoicesOf(JsonElement answer) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("choices", out var choices)
            && choices.ValueKind == JsonValueKind.Array
            ? [.. choices.EnumerateArray().Where(choice => choice.ValueKind == JsonValueKind.Object)] : [];

    /// <summary>The content of a choice of a chat.</summary>
    private static string? TextOf(JsonElement choice, string member) =>
        choice.TryGetProperty(member, out var message) && message.ValueKind == JsonValueKind.Object
            && message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String
            ? content.GetString() : null;

    /// <summary>The text of a choice of a completion.</summary>
    private static string? TextOf(JsonElement choice) =>
        choice.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
}

/// <summary>The JSON that <c>--json</c> prints, with the Gateway's names.</summary>
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(FollowedEvent))]
internal sealed partial class JobsJson : JsonSerializerContext
{
    /// <summary>Writes other alphabets as they are.</summary>
    public static JobsJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
