using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Classification;
using AiPlatform.Jobs.Tasks.Completions;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Jobs.Tasks.Tokens;

namespace AiPlatform.Jobs.Tasks;

/// <summary>The routes whose calls run as jobs, and the kinds of models that run them.</summary>
public static class ModelTasks
{
    /// <summary>Each task once. A new one is a folder beside this file and a line here.</summary>
    private static readonly ModelTask[] Tasks =
    [
        EmbeddingTask.Description, ChatTask.Description, CompletionTask.Description, ClassificationTask.Description,
        TokenizeTask.Description, DetokenizeTask.Description,
    ];

    public static IReadOnlyList<ModelTask> All => Tasks;

    /// <summary>The tasks of a kind of model; none for an unknown kind.</summary>
    public static IEnumerable<ModelTask> OfKind(string kind) => Tasks.Where(task => task.Kinds.Contains(kind));

    /// <summary>The task of a route; null for a route without one.</summary>
    public static ModelTask? Of(ReadOnlySpan<char> endpoint)
    {
        foreach (var task in Tasks)
            if (endpoint.SequenceEqual(task.Endpoint)) return task;
        return null;
    }

    /// <summary>The operation of a route's calls in OpenTelemetry's GenAI conventions; for an unknown route the route itself.</summary>
    public static string OperationOf(string endpoint) => Of(endpoint)?.Operation ?? endpoint;

    /// <summary>A route as a string, without creating a new string for a known route.</summary>
    internal static string Known(ReadOnlySpan<char> endpoint) => Of(endpoint)?.Endpoint ?? endpoint.ToString();
}
