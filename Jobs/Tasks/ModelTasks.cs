using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Classification;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Jobs.Tasks;

/// <summary>The kinds of models that there are, and the routes whose calls run as jobs.</summary>
public static class ModelTasks
{
    /// <summary>Each task once. A new one is a folder beside this file and a line here.</summary>
    private static readonly ModelTask[] Tasks = [EmbeddingTask.Description, ChatTask.Description, ClassificationTask.Description];

    public static IReadOnlyList<ModelTask> All => Tasks;

    /// <summary>The task whose calls a route takes; null for any other route.</summary>
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
