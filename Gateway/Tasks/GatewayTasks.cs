using AiPlatform.Gateway.Tasks.Chat;
using AiPlatform.Gateway.Tasks.Classification;
using AiPlatform.Gateway.Tasks.Completions;
using AiPlatform.Gateway.Tasks.Embeddings;
using AiPlatform.Gateway.Tasks.Tokens;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.Gateway.Tasks;

/// <summary>The routes on which models can be asked.</summary>
internal static class GatewayTasks
{
    /// <summary>Each task once. A new one is a folder beside this file and a line here.</summary>
    public static IReadOnlyList<IGatewayTask> All { get; } =
    [
        new EmbeddingRoute(), new ChatRoute(), new CompletionRoute(), new ClassificationRoute(), new TokenizeRoute(), new DetokenizeRoute(),
    ];

    public static IGatewayTask Of(ModelTask task) => All.First(one => one.Task == task);

    /// <summary>Reads a stored result, so that it can be written as the synchronous call's answer. Exactly one of the two is set.</summary>
    public static (TaskAnswer? Answer, InferenceError? Error) Read(string model, JobOutput output)
    {
        if (output.ContentType == JobOutput.Json) return (new StoredJson(output.Content), null);
        foreach (var task in All)
            if (task.Task.OutputTypes.Contains(output.ContentType)) return task.Read(model, output);

        return Unreadable(output);
    }

    /// <summary>The error about a result of an unknown type.</summary>
    public static (TaskAnswer? Answer, InferenceError? Error) Unreadable(JobOutput output) => (null, new InferenceError
    {
        Kind = InferenceErrorKind.Internal,
        Message = $"The result is of the type '{output.ContentType}', which this version cannot show.",
    });

    /// <summary>A stored result that already is the answer's JSON.</summary>
    private sealed class StoredJson(ReadOnlyMemory<byte> json) : TaskAnswer
    {
        // The JSON was validated before it was stored, and may be nested more deeply than the writer's own validation allows.
        public override void Write(System.Text.Json.Utf8JsonWriter writer) => writer.WriteRawValue(json.Span, skipInputValidation: true);

        public override async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = "application/json";
            httpContext.Response.ContentLength = json.Length;
            await httpContext.Response.BodyWriter.WriteAsync(json, httpContext.RequestAborted);
        }
    }
}
