using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks;

namespace AiPlatform.InferenceWorker.Commands;

/// <summary>Adds a model: reads its folder, copies its files, writes its manifest, and runs it once as a worker would.</summary>
/// <param name="wanted">The arguments.</param>
/// <param name="options">The worker's settings.</param>
/// <param name="say">Gets what was found, as a label and a text.</param>
internal sealed class ModelAdd(AddModel wanted, ModelOptions options, Action<string, string> say)
{
    private const string UsualOnnx = "model.onnx";
    private const int MostNamed = 10;

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <exception cref="ModelProblemException">It cannot be added; nothing of it is left.</exception>
    public void Run()
    {
        var source = SourceFolder.Open(wanted.Folder);
        if (IsWithin(source.Path, Path.GetFullPath(options.Path)))
            throw new ModelProblemException($"'{source.Path}' is in the models' folder already; './ai model check' checks it.");
        var draft = new ManifestDraft(wanted.Fields, source.Hub);
        var listed = TakeManifest(draft);
        draft.Add("name", source.Name, ManifestDraft.Usual);
        var name = NameOf(draft);
        var task = TaskOf(draft);
        var onnx = ChooseOnnx(source, task, draft);
        say("folder", source.Path);
        if (draft.Origins.GetValueOrDefault("name") == ModelManifest.FileName) say("name", Told(draft, "name"));
        say("task", Told(draft, "task"));

        using var store = ModelStore.Open(options.Path);
        var existing = store.Find(name);
        if (existing is not null && !wanted.Replaces)
        {
            throw new ModelProblemException(
                $"There is a model '{name}' already, in '{existing}'. Give another --name, or --replace to put this one into its place.");
        }

        var staged = store.Stage(name);
        try
        {
            var taken = FilesOf(source, onnx, task);
            taken.AddRange(listed.Select(file => file.Name).Where(one => taken.TrueForAll(file => Path.GetFileName(file) != one)));
            var files = ModelCopy.Take(source, taken, staged, wanted.Links);
            foreach (var file in listed) files[file.Name]!["device"] = file.Device;
            draft.Fields["files"] = files;
            draft.Add("model", Path.GetFileName(onnx), "files");
            if (source.Origin is { } origin) draft.Add("source", origin, "the cache of Hugging Face");
            ManifestCompletion.Complete(draft, task);
            File.WriteAllText(Path.Combine(staged, ModelManifest.FileName), draft.Fields.ToJsonString(Indented) + "\n");
            var manifest = ManifestReader.Read(staged);
            Describe(draft, onnx, manifest);
            say("runs", task.Check(manifest, ExecutionDeviceChoice.Choose(options), options));
            var place = store.Publish(staged, existing);
            say(existing is null ? "added" : "replaced", $"{name}, in {place}. Workers that serve this folder load it within seconds.");
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new ModelProblemException($"The models' folder '{store.Root}' cannot be written: {failed.Message}", failed);
        }
        finally
        {
            ModelStore.Discard(Path.GetDirectoryName(staged)!);
        }
    }

    /// <summary>Takes the fields of a manifest that the folder has already; what it says of its files must be true.</summary>
    /// <returns>The files that it lists; none without a manifest.</returns>
    private List<ModelFile> TakeManifest(ManifestDraft draft)
    {
        if (!draft.Folder.Has(ModelManifest.FileName)) return [];
        var name = $"{draft.Folder.Name}/{ModelManifest.FileName}";
        using var document = JsonFile.Read(Path.Combine(draft.Folder.Path, ModelManifest.FileName), name);
        var written = new ManifestField(name, "", document.RootElement.Clone());
        written.MustBeObject();
        foreach (var field in written.Properties())
        {
            // The file is that of --onnx, if it is given.
            if (field.Path == "files" || (field.Path == "model" && wanted.Onnx is not null)) continue;
            draft.Add(field.Path, JsonNode.Parse(field.Value.GetRawText()), ModelManifest.FileName);
        }

        var files = written.Optional("files") is { } listed ? ManifestReader.ReadFiles(listed) : [];
        ModelFileCheck.Verify(draft.Folder.Path, files);
        return files;
    }

    private static string NameOf(ManifestDraft draft)
    {
        var name = draft.TextOf("name") ?? throw new ModelProblemException("The name of a model is a text.");
        return !name.StartsWith('-') ? name : throw new ModelProblemException(
            $"The name '{name}' may not begin with '-', because the commands would take it for an option. Give another --name.");
    }

    private static IWorkerTask TaskOf(ManifestDraft draft)
    {
        if (draft.Lacks("task") && TaskDetection.Find(draft.Folder) is null)
        {
            throw new ModelProblemException(
                $"{draft.Folder.Name}: no {HubFolder.ConfigFile} tells what the model does: give --task, one of "
                + $"{WorkerTasks.Kinds}.");
        }

        return ManifestCompletion.CompleteTask(draft, draft.Folder.Name);
    }

    /// <summary>The ONNX file, relative to the folder.</summary>
    private string ChooseOnnx(SourceFolder source, IWorkerTask task, ManifestDraft draft)
    {
        var found = source.OnnxFiles();
        var probe = new ManifestDraft((JsonObject)draft.Fields.DeepClone(), source.Hub);
        task.Complete(probe);
        var named = wanted.Onnx ?? probe.TextOf("model");
        if (named is not null)
        {
            return found.FirstOrDefault(file => file == named) ?? throw new ModelProblemException(
                $"{source.Hub.Name}: '{named}' is no ONNX file there. There are: {Listed(found)}.");
        }

        var usual = found.Where(file => Path.GetFileName(file) == UsualOnnx).ToList();
        return (found, usual) switch
        {
            ([], _) => throw new ModelProblemException(
                $"{source.Hub.Name}: there is no ONNX file, there or in its folder onnx. Export it first."),
            ([var only], _) => only,
            (_, [var one]) => one,
            _ => throw new ModelProblemException($"{source.Hub.Name}: there are several ONNX files; choose with --onnx: {Listed(found)}."),
        };
    }

    /// <summary>All files that the worker loads, relative to the folder.</summary>
    private static List<string> FilesOf(SourceFolder source, string onnx, IWorkerTask task)
    {
        var onnxName = $"{source.Hub.Name}/{onnx}";
        List<string> files = [onnx];
        foreach (var place in OnnxData.PlacesIn(Path.Combine(source.Path, onnx), onnxName))
        {
            if (place != Path.GetFileName(place) || place is "" or "." or "..")
                throw new ModelProblemException($"{onnxName}: its weights are in '{place}', which is no plain file name.");
            var file = Path.Combine(Path.GetDirectoryName(onnx)!, place);
            if (!source.Hub.Has(file)) throw new ModelProblemException($"{onnxName}: its weights are in '{place}', which is missing.");
            files.Add(file);
        }

        if (!source.Hub.Has(HubFolder.TokenizerFile))
            throw new ModelProblemException($"{source.Hub.Name}: {HubFolder.TokenizerFile} is missing.");
        files.Add(HubFolder.TokenizerFile);
        files.AddRange(task.SideFiles.Where(source.Hub.Has));
        return files;
    }

    private void Describe(ManifestDraft draft, string onnx, ModelManifest manifest)
    {
        say("model", string.Create(
            CultureInfo.InvariantCulture, $"{onnx}, {manifest.Files.Count} files, {manifest.Files.Sum(file => file.Bytes ?? 0)} bytes"));
        foreach (var field in (string[])["max_tokens", "dimensions", "pooling", "normalize", "labels", "activation", "licence", "source"])
            if (!draft.Lacks(field)) say(field, Told(draft, field));
    }

    /// <summary>A field with what tells it.</summary>
    private static string Told(ManifestDraft draft, string field)
    {
        var value = draft.Fields[field] switch
        {
            JsonArray many => string.Create(
                CultureInfo.InvariantCulture, $"{many.Count}: {Listed([.. many.Take(MostNamed + 1).Select(one => $"{one}")])}"),
            var one => $"{one}",
        };
        return !draft.Origins.TryGetValue(field, out var origin) ? value
            : origin == ManifestDraft.Usual ? $"{value} (nothing says; --set {field}=… to change it)"
            : $"{value} ({origin})";
    }

    private static string Listed(IReadOnlyList<string> names) =>
        names.Count <= MostNamed ? string.Join(", ", names) : $"{string.Join(", ", names.Take(MostNamed))}, …";

    private static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
