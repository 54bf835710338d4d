using System.Globalization;
using System.Text;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>
/// Finds the model folders that have changed, by the names, lengths and times of their files. It looks again and again, because network
/// file systems announce nothing. A change counts when two looks in a row have found the same, so that a folder is not taken up while files
/// are copied into it.
/// </summary>
internal sealed class ModelsFolderWatch(string root)
{
    /// <summary>Most files of one folder that are looked at.</summary>
    private const int MostFiles = 1_000;

    private static readonly EnumerationOptions Everything =
        new() { RecurseSubdirectories = true, MaxRecursionDepth = 1, AttributesToSkip = 0, IgnoreInaccessible = true };

    private readonly Dictionary<string, string> _handled = new(StringComparer.Ordinal);
    private Dictionary<string, string> _last = [];

    /// <summary>Looks for the first time. What changes after it is a change.</summary>
    /// <returns>All folders, named as in <see cref="ModelCandidate.Folder"/>.</returns>
    public IReadOnlyCollection<string> Begin()
    {
        _last = ReadAll();
        return _last.Keys;
    }

    /// <summary>Looks again. The names of folders are as in <see cref="ModelCandidate.Folder"/>.</summary>
    /// <exception cref="IOException">The folder of the models cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder of the models cannot be read.</exception>
    public FolderChanges Look()
    {
        var now = ReadAll();
        var before = _last;
        _last = now;

        HashSet<string> settled = [], unsettled = [];
        foreach (var folder in now.Keys.Union(_handled.Keys).Union(before.Keys))
        {
            var state = now.GetValueOrDefault(folder);
            if (state != before.GetValueOrDefault(folder)) unsettled.Add(folder);
            else if (state != _handled.GetValueOrDefault(folder)) settled.Add(folder);
        }

        return new FolderChanges(settled, settled.Where(folder => !now.ContainsKey(folder)).ToHashSet(), unsettled);
    }

    /// <summary>Remembers the last look as handled: for these folders only what changes after it counts.</summary>
    public void Handled(IEnumerable<string> folders)
    {
        foreach (var folder in folders)
        {
            if (_last.GetValueOrDefault(folder) is { } state) _handled[folder] = state;
            else _handled.Remove(folder);
        }
    }

    private Dictionary<string, string> ReadAll()
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var folder in ModelFolders.In(root)) all[PrintableText.Of(Path.GetFileName(folder))] = StateOf(folder);
        return all;
    }

    /// <summary>A text that differs when a file is another one.</summary>
    private static string StateOf(string folder)
    {
        var state = new StringBuilder();
        try
        {
            foreach (var path in Directory.EnumerateFiles(folder, "*", Everything).Take(MostFiles).Order(StringComparer.Ordinal))
            {
                var file = ModelFilePath.Target(path);
                state.Append(CultureInfo.InvariantCulture, $"{path}|{file.Length}|{file.LastWriteTimeUtc.Ticks}\n");
            }
        }
        catch (Exception changing) when (changing is IOException or UnauthorizedAccessException)
        {
            // A file that vanishes during the look, or cannot be read, is a state, too.
            state.Append(CultureInfo.InvariantCulture, $"{changing.Message}\n");
        }

        return state.ToString();
    }
}

/// <summary>The model folders that have changed since they were handled.</summary>
/// <param name="Settled">Those that two looks have found in the same state.</param>
/// <param name="Gone">Those of them that are not there any more.</param>
/// <param name="Unsettled">Those that differ from the last look.</param>
internal sealed record FolderChanges(IReadOnlySet<string> Settled, IReadOnlySet<string> Gone, IReadOnlySet<string> Unsettled);
