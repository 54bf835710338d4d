using AiPlatform.InferenceWorker.Files;

namespace AiPlatform.InferenceWorker.Commands;

/// <summary>
/// The folder of a model that is to be added. It may come from anywhere, so no link may lead out of it. The cache of Hugging Face is an
/// exception: its folders consist of links into a folder <c>blobs</c> of the same model.
/// </summary>
internal sealed class SourceFolder
{
    private const int MostEntries = 10_000;
    private const string CachePrefix = "models";
    private const string OnnxFolder = "onnx";

    private readonly string? _blobs;

    private SourceFolder(string path)
    {
        Hub = new HubFolder(path);
        var snapshots = System.IO.Path.GetDirectoryName(path);
        var cache = System.IO.Path.GetDirectoryName(snapshots) ?? "";
        if (System.IO.Path.GetFileName(snapshots) == "snapshots"
            && System.IO.Path.GetFileName(cache).Split("--", 3) is [CachePrefix, var owner, var name])
        {
            _blobs = System.IO.Path.Combine(cache, "blobs");
            (Name, Origin) = (name, $"{owner}/{name}");
        }
        else
        {
            Name = Hub.Name;
        }
    }

    public HubFolder Hub { get; }

    public string Path => Hub.Path;

    /// <summary>The model's name where none is given.</summary>
    public string Name { get; }

    /// <summary>Where it comes from, <c>OWNER/NAME</c>; null when its place does not say.</summary>
    public string? Origin { get; }

    /// <exception cref="ModelProblemException">There is no such folder, or a link leads out of it.</exception>
    public static SourceFolder Open(string path)
    {
        var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (!Directory.Exists(full)) throw new ModelProblemException($"'{path}' is no folder.");
        try
        {
            full = Directory.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
            var source = new SourceFolder(full);
            foreach (var below in (string[])["", OnnxFolder, "1_Pooling"]) source.CheckLinks(System.IO.Path.Combine(full, below));
            return source;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw ModelProblemException.Unreadable(path, unreadable);
        }
    }

    /// <summary>The ONNX files, relative to the folder, in order.</summary>
    public IReadOnlyList<string> OnnxFiles()
    {
        List<string> found = [];
        foreach (var below in (string[])["", OnnxFolder])
        {
            var folder = System.IO.Path.Combine(Path, below);
            if (!Directory.Exists(folder)) continue;
            found.AddRange(Directory.EnumerateFiles(folder, "*.onnx").Take(MostEntries)
                .Select(file => System.IO.Path.Combine(below, System.IO.Path.GetFileName(file))).Order(StringComparer.Ordinal));
        }

        return found;
    }

    private void CheckLinks(string folder)
    {
        if (!Directory.Exists(folder)) return;
        var entries = 0;
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (++entries > MostEntries) throw new ModelProblemException($"{Hub.Name}: '{folder}' has more than {MostEntries} entries.");
            if (entry.LinkTarget is null) continue;

            var target = entry.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? "";
            if (!IsBelow(target, Path) && !(_blobs is { } blobs && IsBelow(target, blobs)))
            {
                throw new ModelProblemException(
                    $"{Hub.Name}/{System.IO.Path.GetRelativePath(Path, entry.FullName)}: it is a link that leads out of the folder, to "
                    + $"'{target}'. Put the file itself there.");
            }
        }
    }

    /// <summary>Whether a path is below a folder, and no link leads away on the way there.</summary>
    private static bool IsBelow(string target, string folder)
    {
        if (!target.StartsWith(folder + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal)) return false;
        for (var parent = System.IO.Path.GetDirectoryName(target); parent is not null && parent.Length > folder.Length;
            parent = System.IO.Path.GetDirectoryName(parent))
        {
            if (new DirectoryInfo(parent).LinkTarget is not null) return false;
        }

        return true;
    }
}
