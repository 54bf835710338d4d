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

    /// <summary>What a route's calls are in OpenTelemetry's GenAI conventions; of an unknown one the route itself.</summary>
    public static string OperationOf(string endpoint) => Of(endpoint)?.Operation ?? endpoint;

    /// <summary>A route as a string, without making a new one where it is known.</summary>
    internal static string Known(ReadOnlySpan<char> endpoint) => Of(endpoint)?.Endpoint ?? endpoint.ToString();
}
