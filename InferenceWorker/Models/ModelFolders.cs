namespace AiPlatform.InferenceWorker.Models;

/// <summary>Finds the models that this worker is to serve.</summary>
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
                new ModelCandidate(
                    options.Path, null, $"The models' folder '{root}' is not there. Set {ModelOptions.SectionName}:{nameof(ModelOptions.Path)}."),
            ];
        }

        var found = Directory.GetDirectories(root)
            .Where(folder => !Path.GetFileName(folder).StartsWith('.'))
            .Order(StringComparer.Ordinal)
            .Select(Read)
            .ToList();
        RefuseDuplicates(found);
        if (options.Load.Count == 0)
            return found.Count > 0 ? found : [new ModelCandidate(options.Path, null, $"The models' folder '{root}' is empty.")];

        var missing = options.Load
            .Where(name => !found.Exists(candidate => candidate.Name == name))
            .Select(name => new ModelCandidate(
                name,
                null,
                $"'{name}' in {ModelOptions.SectionName}:{nameof(ModelOptions.Load)} is no model in '{root}'. There are: "
                + $"{string.Join(", ", found.Select(one => one.Name))}."));
        return [.. found.Where(candidate => options.Load.Contains(candidate.Name)), .. missing];
    }

    private static ModelCandidate Read(string folder)
    {
        try
        {
            var manifest = ManifestReader.Read(folder);
            return new ModelCandidate(manifest.Name, manifest, null);
        }
        catch (ModelProblemException problem)
        {
            return new ModelCandidate(ManifestReader.TryReadName(folder) ?? Path.GetFileName(folder), null, problem.Message);
        }
    }

    /// <summary>Neither of two folders of one name is served: which one was meant cannot be told.</summary>
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
                    Problem =
                        $"{Path.GetFileName(one.Manifest!.Folder)}/{ModelManifest.FileName}: the field 'name' is '{one.Name}' in "
                        + $"{folders}; names must differ.",
                };
            }
        }
    }
}
