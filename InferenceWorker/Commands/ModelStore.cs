using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Loading;

namespace AiPlatform.InferenceWorker.Commands;

/// <summary>
/// Changes the folder of the model folders, one process at a time. A model is prepared in a folder that workers ignore, because its name
/// begins with a point, and then renamed: at every moment a model is there as a whole, or not at all. What a process that was killed has
/// left is tidied up by the next one.
/// </summary>
internal sealed class ModelStore : IDisposable
{
    private const string LockFile = ".lock";
    private const string AddPrefix = ".adding-";
    private const string RetirePrefix = ".retired-";
    private const int MostFolderName = 100;

    private readonly FileStream _lock;

    private ModelStore(string root, FileStream @lock) => (Root, _lock) = (root, @lock);

    /// <summary>Full path of the folder.</summary>
    public string Root { get; }

    /// <exception cref="ModelProblemException">The folder cannot be written, or another process changes it.</exception>
    public static ModelStore Open(string root)
    {
        root = Path.GetFullPath(root);
        try
        {
            Directory.CreateDirectory(root);
            var file = new FileStream(Path.Combine(root, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var store = new ModelStore(root, file);
            store.TidyUp();
            return store;
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new ModelProblemException($"The models' folder '{root}' cannot be written: {refused.Message}", refused);
        }
        catch (IOException busy)
        {
            throw new ModelProblemException(
                $"The models' folder '{root}' cannot be changed now; another './ai model' may be at work there: {busy.Message}", busy);
        }
    }

    /// <summary>
    /// The folder of a model by the name in its manifest, or by its own name where that cannot be read; null when there is none.
    /// </summary>
    public string? Find(string model) => ModelFolders.In(Root).FirstOrDefault(
        folder => (ManifestReader.TryReadName(folder) ?? Path.GetFileName(folder)) == model);

    /// <summary>An empty folder in which a model is prepared. Its last part is the name that it will have.</summary>
    public string Stage(string model)
    {
        var name = FolderOf(model);
        return Directory.CreateDirectory(Path.Combine(Root, $"{AddPrefix}{Guid.NewGuid():N}", name)).FullName;
    }

    /// <summary>Puts a prepared model into its place.</summary>
    /// <param name="staged">As <see cref="Stage"/> made it, with all files.</param>
    /// <param name="replaced">The folder whose place it takes; null for none.</param>
    /// <returns>Where it is now.</returns>
    public string Publish(string staged, string? replaced)
    {
        var place = replaced ?? Path.Combine(Root, Path.GetFileName(staged));
        var retired = replaced is null ? null : Retire(replaced);
        try
        {
            Directory.Move(staged, place);
        }
        catch when (retired is not null)
        {
            Directory.Move(retired, place);
            throw;
        }

        Discard(Path.GetDirectoryName(staged)!);
        if (retired is not null) Discard(Path.GetDirectoryName(retired)!);
        return place;
    }

    /// <summary>Takes a model away. A worker that has loaded it goes on with what runs.</summary>
    public void Remove(string folder) => Discard(Path.GetDirectoryName(Retire(folder))!);

    /// <summary>Deletes a folder that workers ignore. One that cannot be deleted now is left for the next process.</summary>
    public static void Discard(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception inUse) when (inUse is IOException or UnauthorizedAccessException)
        {
            // Nobody loads it meanwhile.
        }
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>The name of a model's folder: its own, with a dash for each character that a path or a shell could misread.</summary>
    private string FolderOf(string model)
    {
        var safe = string.Concat(model.Select(one => char.IsAsciiLetterOrDigit(one) || one is '.' or '_' or '-' ? one : '-'))
            .TrimStart('.', '-');
        if (safe.Length > MostFolderName) safe = safe[..MostFolderName];
        if (safe.Length == 0) safe = "model";
        var name = safe;
        for (var number = 2; Path.Exists(Path.Combine(Root, name)); number++) name = $"{safe}-{number}";
        return name;
    }

    private string Retire(string folder)
    {
        var place = Directory.CreateDirectory(Path.Combine(Root, $"{RetirePrefix}{Guid.NewGuid():N}")).FullName;
        var retired = Path.Combine(place, Path.GetFileName(folder));
        Directory.Move(folder, retired);
        return retired;
    }

    /// <summary>Puts back a model whose successor never came, and deletes what else a killed process has left.</summary>
    private void TidyUp()
    {
        foreach (var left in Directory.GetDirectories(Root, $"{RetirePrefix}*"))
        {
            foreach (var model in Directory.GetDirectories(left))
            {
                var place = Path.Combine(Root, Path.GetFileName(model));
                if (!Path.Exists(place) && ManifestReader.TryReadName(model) is { } name && IsAwaited(name)) Directory.Move(model, place);
            }

            Discard(left);
        }

        foreach (var left in Directory.GetDirectories(Root, $"{AddPrefix}*")) Discard(left);
    }

    /// <summary>Whether a prepared model was to take the place of the one with this name.</summary>
    private bool IsAwaited(string name) => Directory.GetDirectories(Root, $"{AddPrefix}*").SelectMany(Directory.GetDirectories)
        .Any(staged => ManifestReader.TryReadName(staged) == name);
}
