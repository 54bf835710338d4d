namespace AiPlatform.Benchmarks;

/// <summary>Paths in the checkout whose benchmarks run.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    public static string Models { get; } = Path.Combine(Root, "models");

    public static string Results { get; } = Path.Combine(Root, "Benchmarks", "RESULTS.md");

    /// <summary>The folder of the documentation's pictures.</summary>
    public static string Pictures { get; } = Path.Combine(Root, "docs", "images");

    /// <summary>Sources of the peers that we compare with, and of the measuring tools.</summary>
    public static string PeerSources { get; } = Path.Combine(Root, "Benchmarks", "peers");

    /// <summary>The folder in which peers are installed and compiled.</summary>
    public static string Peers { get; } = Path.Combine(Root, "artifacts", "peers");

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
        throw new BenchmarkException($"No AiPlatform.sln above {AppContext.BaseDirectory}: run it from a checkout, with ./ai bench.");
    }
}
