using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>Finds the models that this worker should serve.</summary>
internal static class ModelFolders
{
    /// <summary>A candidate for each folder, in order of their names; a problem with one does not hide the others.</summary>
    public static IReadOnlyList<ModelCandidate> Scan(ModelOptions options)
    {
        var root = Path.GetFullPath(options.Path);
        if (!Directory.Exists(root))
        {
            return
            [
                Problem(options.Path,
                    $"The models' folder '{root}' does not exist. Set {ModelOptions.SectionName}:{nameof(ModelOptions.Path)}."),
            ];
        }

        return Wanted(ScanAll(root), options);
    }

    /// <summary>The candidates that the settings name, and a problem for each that they name in vain.</summary>
    /// <param name="found">All candidates.</param>
    /// <param name="options">The settings.</param>
    public static IReadOnlyList<ModelCandidate> Wanted(List<ModelCandidate> found, ModelOptions options)
    {
        var root = Path.GetFullPath(options.Path);
        if (options.Load.Count == 0)
            return found.Count > 0 ? found : [Problem(options.Path, $"The models' folder '{root}' is empty.")];

        var missing = options.Load
            .Where(name => !found.Exists(candidate => candidate.Name == name))
            .Select(name => Problem(
                name,
                $"'{name}' in {ModelOptions.SectionName}:{nameof(ModelOptions.Load)} is no model in '{root}'. There are: "
                + $"{string.Join(", ", found.Select(one => one.Name))}."));
        return [.. found.Where(candidate => options.Load.Contains(candidate.Name)), .. missing];
    }

    /// <summary>A candidate for each model folder, whatever the settings say.</summary>
    /// <param name="root">Full path of an existing folder.</param>
    public static List<ModelCandidate> ScanAll(string root)
    {
        var found = In(root).Select(Read).ToList();
        RefuseDuplicates(found);
        return found;
    }

    /// <summary>The model folders, in order of their names. One whose name begins with a point is none.</summary>
    /// <param name="root">Full path of an existing folder.</param>
    public static IEnumerable<string> In(string root) =>
        Directory.GetDirectories(root).Where(folder => !Path.GetFileName(folder).StartsWith('.')).Order(StringComparer.Ordinal);

    private static ModelCandidate Read(string folder)
    {
        try
        {
            var manifest = ManifestReader.Read(folder);
            return new ModelCandidate(manifest.Name, PrintableText.Of(Path.GetFileName(folder)), manifest, null);
        }
        catch (ModelProblemException problem)
        {
            var name = Path.GetFileName(folder);
            return Problem(name, problem.Message) with { Name = PrintableText.Of(ManifestReader.TryReadName(folder) ?? name) };
        }
    }

    private static ModelCandidate Problem(string subject, string problem) =>
        new(PrintableText.Of(subject), PrintableText.Of(subject), null, PrintableText.Of(problem));

    /// <summary>Refuses both of two folders with the same model name, because it is unclear which one is meant.</summary>
    private static void RefuseDuplicates(List<ModelCandidate> found)
    {
        var readable = found.Where(one => one.Manifest is not null).ToList();
        foreach (var same in readable.GroupBy(one => one.Name).Where(group => group.Count() > 1))
        {
            var folders = string.Join(" and ", same.Select(one => Path.GetFileName(one.Manifest!.Folder)));
            foreach (var one in same)
            {
                found[found.IndexOf(one)] = one with
                {
                    Manifest = null,
                    Problem = PrintableText.Of(
                        $"{Path.GetFileName(one.Manifest!.Folder)}/{ModelManifest.FileName}: the field 'name' is '{one.Name}' in "
                        + $"{folders}; names must differ."),
                };
            }
        }
    }
}

/// <summary>A model folder that was found, with a manifest to load or the reason why it cannot be loaded.</summary>
/// <param name="Name">The model's name, or the folder's name if the manifest has none.</param>
/// <param name="Folder">The folder's name; for a requested model without a folder, the model's name.</param>
/// <param name="Manifest">What to load; null when there is a problem.</param>
/// <param name="Problem">Why it cannot be loaded; null when it can.</param>
internal sealed record ModelCandidate(string Name, string Folder, ModelManifest? Manifest, string? Problem);
