using System.Text;

namespace AiPlatform.AppHost.Publishing;

/// <summary>
/// The folder of published files. What somebody has changed or filled in there stays. To know it, its subfolder <c>.published</c> has all
/// files as they were written last.
/// </summary>
/// <param name="path">The folder.</param>
internal sealed class PublishedFolder(string path)
{
    private const string Written = ".published";

    private readonly List<string> _kept = [];

    public string Path => path;

    /// <summary>What stayed as somebody has left it, in sentences that name files and variables, and no values.</summary>
    public IReadOnlyList<string> Kept => _kept;

    /// <summary>Writes a file, unless somebody has changed the one that is there.</summary>
    /// <param name="content">What is in it.</param>
    /// <param name="file">Its path in the folder.</param>
    public void Write(byte[] content, string file)
    {
        var (target, written) = (PathOf(file), PathOf(Written, file));
        if (!File.Exists(target) || Has(target, content)) Replace(target, content, isSecret: false);
        else if (File.Exists(written) && Has(target, File.ReadAllBytes(written))) Replace(target, content, isSecret: false);
        else _kept.Add($"{file} is kept as somebody has changed it; the new one is {Written}/{file}.");
        Replace(written, content, isSecret: false);
    }

    public void Write(string text, string file) => Write(Encoding.UTF8.GetBytes(text), file);

    /// <summary>
    /// Writes an env file, which only this user may read, because somebody fills secrets in. Variables that somebody has set stay.
    /// </summary>
    /// <param name="wanted">What the file has when nobody has filled it in.</param>
    /// <param name="file">Its path in the folder.</param>
    public void WriteVariables(EnvironmentFile wanted, string file)
    {
        var last = LastVariables(file);
        var current = Variables(PathOf(file)) ?? new EnvironmentFile(wanted.ToString());
        var kept = current.TakeOver(last, wanted);
        Replace(PathOf(file), Encoding.UTF8.GetBytes(current.ToString()), isSecret: true);
        // A secret that a deployment has filled in is still its own at the next one.
        foreach (var name in wanted.Names.Where(name => wanted[name] is { Length: 0 }))
            if (last?[name] is { Length: > 0 } filled) wanted.SetWritten(name, filled);
        Replace(PathOf(Written, file), Encoding.UTF8.GetBytes(wanted.ToString()), isSecret: true);
        if (kept.Count > 0) _kept.Add($"{file} keeps what somebody has set: {string.Join(", ", kept.Select(one => one.Name))}.");
        if (kept.Where(one => one.IsOtherwise).Select(one => one.Name).ToList() is { Count: > 0 } otherwise)
        {
            _kept.Add(
                $"{file}: the model has other values of {string.Join(", ", otherwise)}; to take them, delete these lines, and publish.");
        }
    }

    /// <summary>An env file as it is; null when there is none.</summary>
    public EnvironmentFile? CurrentVariables(string file) => Variables(PathOf(file));

    /// <summary>An env file as it was written last; null when it was not.</summary>
    public EnvironmentFile? LastVariables(string file) => Variables(PathOf(Written, file));

    private string PathOf(params string[] parts) => System.IO.Path.Combine([path, .. parts]);

    private static EnvironmentFile? Variables(string file) => File.Exists(file) ? new EnvironmentFile(File.ReadAllText(file)) : null;

    private static bool Has(string file, ReadOnlySpan<byte> content) => content.SequenceEqual(File.ReadAllBytes(file));

    /// <summary>Whoever reads it, or ends this process, never finds half a file.</summary>
    private static void Replace(string file, byte[] content, bool isSecret)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        var draft = $"{file}.draft";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (isSecret && !OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(draft, options)) stream.Write(content);
        File.Move(draft, file, overwrite: true);
    }
}
