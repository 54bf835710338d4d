namespace AiPlatform.InferenceWorker.Cuda;

/// <summary>The folders beside the system's library path in which CUDA's libraries may be.</summary>
internal static class CudaFolders
{
    /// <summary>The existing ones, the configured folder's first.</summary>
    /// <param name="configured">
    /// A folder with libraries, or one of Python with NVIDIA's packages: a virtual environment, or its <c>site-packages</c>; null for none.
    /// </param>
    public static IReadOnlyList<string> Find(string? configured) => FindBelow(Roots(configured, Environment.GetEnvironmentVariable));

    /// <summary>Where to look: what is named first, then the usual folders, then each Python whose programs are in the path.</summary>
    /// <param name="configured">The configured folder; null for none.</param>
    /// <param name="variable">Reads an environment variable; null where there is none.</param>
    internal static IEnumerable<string?> Roots(string? configured, Func<string, string?> variable) =>
    [
        configured, variable("CUDA_PATH"), variable("CUDA_HOME"), variable("VIRTUAL_ENV"), variable("CONDA_PREFIX"),
        "/usr/local/cuda", "/usr", "/usr/local", Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local"),
        .. (variable("PATH") ?? "").Split(Path.PathSeparator).Where(folder => Path.GetFileName(folder) == "bin")
            .Select(Path.GetDirectoryName),
    ];

    /// <param name="roots">Folders, each of which may be missing.</param>
    internal static IReadOnlyList<string> FindBelow(IEnumerable<string?> roots) =>
        [.. roots.Where(root => !string.IsNullOrEmpty(root)).SelectMany(root => Below(root!)).Distinct(StringComparer.Ordinal)];

    private static IEnumerable<string> Below(string root)
    {
        IEnumerable<string> packages =
            [root, .. Matching(root, "lib", "python3*", "site-packages"), .. Matching(root, "lib", "python3*", "dist-packages")];
        return [.. Matching(root), .. Matching(root, "lib64"), .. packages.SelectMany(one => Matching(one, "nvidia", "*", "lib"))];
    }

    /// <summary>The folders along a path, in which a part may be a pattern.</summary>
    private static IEnumerable<string> Matching(string root, params ReadOnlySpan<string> parts)
    {
        IEnumerable<string> found = Directory.Exists(root) ? [root] : [];
        foreach (var part in parts)
        {
            found = [.. found.SelectMany(folder => Directory.EnumerateDirectories(folder, part, Patient).Order(StringComparer.Ordinal))];
        }

        return found;
    }

    /// <summary>A folder that may not be read has nothing.</summary>
    private static EnumerationOptions Patient { get; } = new() { IgnoreInaccessible = true, AttributesToSkip = 0 };
}
