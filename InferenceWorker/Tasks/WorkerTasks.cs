using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks.Chat;
using AiPlatform.InferenceWorker.Tasks.Classification;
using AiPlatform.InferenceWorker.Tasks.Embeddings;

namespace AiPlatform.InferenceWorker.Tasks;

/// <summary>The tasks that a worker runs.</summary>
internal static class WorkerTasks
{
    /// <summary>Each task once. A new one is a folder beside this file and a line here.</summary>
    public static IReadOnlyList<IWorkerTask> All { get; } =
        [new EmbeddingWorkerTask(), new ChatWorkerTask(), new ClassificationWorkerTask()];

    /// <summary>The names of all tasks, for messages.</summary>
    public static string Kinds { get; } = string.Join(", ", All.Select(one => one.Kind));

    /// <summary>The task with this name in manifests; null when this version has none.</summary>
    public static IWorkerTask? Find(string name) => All.FirstOrDefault(one => one.Kind == name);
}
