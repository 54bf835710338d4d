namespace AiPlatform.Chaos.Processes;

/// <summary>Paths in the checkout in which this program was built.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    public static string Models { get; } = Path.Combine(Root, "models");

    /// <summary>A built program of the same configuration as this one.</summary>
    public static string Program(string project)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        return Path.Combine(Root, "artifacts", "bin", project, configuration, $"AiPlatform.{project}.dll");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "AiPlatform.sln"))) return folder.FullName;
        throw new InvalidOperationException($"No AiPlatform.sln above {AppContext.BaseDirectory}.");
    }
}
