using System.Globalization;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>Adds to a manifest the fields that it lacks, as far as the files beside it tell them.</summary>
internal static class ManifestCompletion
{
    private const string OnnxEnding = ".onnx";

    /// <summary>The task of the manifest, or the one that the files tell.</summary>
    /// <param name="draft">The manifest; gets the task.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="ModelProblemException">Nothing tells the task, or this version cannot serve it.</exception>
    public static IWorkerTask CompleteTask(ManifestDraft draft, string file)
    {
        if (draft.Lacks("task"))
        {
            var (detected, origin) = TaskDetection.Find(draft.Folder) ?? throw new ModelProblemException(
                $"{file}: the field 'task' is missing, and no {HubFolder.ConfigFile} beside it tells what the model does. "
                + $"Supported: {WorkerTasks.Kinds}.");
            draft.Add("task", detected, origin);
        }

        // A task of another type is refused by the reader.
        var name = draft.TextOf("task") ?? "";
        return WorkerTasks.Find(name) ?? throw new ModelProblemException(
            $"{file}: task '{name}' is not supported by this version. Supported: {WorkerTasks.Kinds}.");
    }

    /// <summary>Adds the other fields.</summary>
    /// <exception cref="ModelProblemException">The files say something that cannot be served.</exception>
    public static void Complete(ManifestDraft draft, IWorkerTask task)
    {
        draft.Add("runtime", ModelManifest.OnnxRuntime, ManifestDraft.Usual);
        if (draft.Lacks("licence"))
        {
            var licence = draft.Folder.Licence();
            draft.Add("licence", licence ?? "NOASSERTION", licence is null ? ManifestDraft.Usual : "README.md");
        }

        draft.Add("source", $"local/{draft.Folder.Name}", ManifestDraft.Usual);
        draft.Add("created", NewestDay(draft), ManifestDraft.Usual);
        task.Complete(draft);
        List<string> graphs = [.. draft.Files.Where(name => name.EndsWith(OnnxEnding, StringComparison.Ordinal))];
        if (graphs.Count == 1) draft.Add("model", graphs[0], "files");
        if (draft.Files.Contains(HubFolder.TokenizerFile)) draft.Add("tokenizer", HubFolder.TokenizerFile, "files");
    }

    /// <summary>The day on which the newest of its files was written; null when none can be looked at.</summary>
    private static string? NewestDay(ManifestDraft draft)
    {
        var written = draft.Files.Where(name => name == Path.GetFileName(name)).Select(name => Path.Combine(draft.Folder.Path, name))
            .Where(File.Exists).Select(path => ModelFilePath.Target(path).LastWriteTimeUtc).ToList();
        return written.Count == 0 ? null : DateOnly.FromDateTime(written.Max()).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    }
}
