using System.Globalization;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Options;

namespace AiPlatform.InferenceWorker.Commands;

/// <summary><c>model add|list|check|remove</c>: changes the folder of the models, and serves nothing.</summary>
/// <param name="options">The worker's settings.</param>
/// <param name="output">Gets the answers.</param>
/// <param name="errors">Gets what is wrong.</param>
internal sealed class ModelCommand(IOptions<ModelOptions> options, TextWriter output, TextWriter errors)
{
    public const string Usage = """
        usage: ./ai model add FOLDER [--name N] [--task T] [--onnx FILE] [--set FIELD=VALUE]… [--link] [--replace]
               ./ai model list
               ./ai model check [NAME…]
               ./ai model remove NAME

          add      reads a folder as Hugging Face has it, with an ONNX file in it or in its folder 'onnx'; says what it found, runs the
                   model once, and copies it into the models' folder with a manifest
          list     lists the models of the folder, without opening them
          check    compares files with their sums, and runs each model once; without a name, all of them
          remove   takes a model out of the folder; its files are deleted

          --name N           the name that requests use (default: that of model.json if there is one, else the folder's)
          --task T           embedding, text-classification or text-generation (default: what config.json tells)
          --onnx FILE        which ONNX file, where there are several
          --set FIELD=VALUE  gives a field of the manifest, instead of what the files tell, such as --set pooling=cls
          --link             links the files instead of copying them
          --replace          takes the place of the model of the same name; the old one serves until the new one is warm

        Workers that run take changes up within seconds, without a restart. Fields and files: docs/models.md.
        """;

    private const string ProblemMark = "error: ";

    /// <returns>The exit code: 0, 1 when something is wrong, 2 for a wrong command line.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        if (arguments.Any(one => one is "--help" or "-h" or "help"))
        {
            output.WriteLine(Usage);
            return 0;
        }

        var (wanted, misuse) = ModelArguments.Parse(arguments);
        if (wanted is null)
        {
            errors.WriteLine(ProblemMark + PrintableText.Of(misuse!));
            errors.WriteLine("'./ai model --help' shows the usage.");
            return 2;
        }

        try
        {
            return Run(wanted, options.Value);
        }
        catch (OptionsValidationException invalid)
        {
            foreach (var failure in invalid.Failures) errors.WriteLine(ProblemMark + PrintableText.Of(failure));
            return 1;
        }
        catch (ModelProblemException problem)
        {
            errors.WriteLine(ProblemMark + problem.Message);
            return 1;
        }
    }

    private int Run(ModelArguments wanted, ModelOptions settings)
    {
        switch (wanted)
        {
            case AddModel add: new ModelAdd(add, settings, Say).Run(); return 0;
            case RemoveModel remove: Remove(remove.Name, settings); return 0;
            case CheckModels check: return Check(check.Names, settings);
            default: return List(settings);
        }
    }

    private int Check(IReadOnlyList<string> names, ModelOptions settings)
    {
        var known = ModelFolders.ScanAll(ExistingRoot(settings)).ConvertAll(one => one.Name);
        if (names.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw new ModelProblemException($"There is no model '{unknown}'. There are: {string.Join(", ", known)}.");
        return new Doctor(options, output).Run(names);
    }

    private void Remove(string name, ModelOptions settings)
    {
        using var store = ModelStore.Open(settings.Path);
        if (store.Find(name) is not { } folder) throw new ModelProblemException($"There is no model '{name}' in '{store.Root}'.");
        try
        {
            store.Remove(folder);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new ModelProblemException($"'{folder}' cannot be removed: {failed.Message}", failed);
        }

        Say("removed", $"{name}. Workers that serve it finish what runs, and let it go within seconds.");
    }

    private int List(ModelOptions settings)
    {
        var all = ModelFolders.ScanAll(ExistingRoot(settings));
        foreach (var one in all)
        {
            Say(one.Name, one.Manifest is { } manifest
                ? string.Create(CultureInfo.InvariantCulture, $"{manifest.Task}, {BytesOf(manifest) / 1e6:0.0} MB, {manifest.Description}")
                : $"WRONG: {one.Problem}");
        }

        return all.All(one => one.Manifest is not null) ? 0 : 1;
    }

    private static string ExistingRoot(ModelOptions settings)
    {
        var root = Path.GetFullPath(settings.Path);
        return Directory.Exists(root) ? root : throw new ModelProblemException($"There is no folder '{root}'.");
    }

    private static long BytesOf(ModelManifest manifest) => manifest.Files.Sum(file => file.Bytes ?? LengthOf(manifest.PathOf(file)));

    private static long LengthOf(string path)
    {
        try
        {
            return ModelFilePath.LengthOf(path);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private void Say(string subject, string what) => output.WriteLine($"{PrintableText.Of(subject),-24} {PrintableText.Of(what)}");
}
