namespace AiPlatform.Benchmarks.Processes;

/// <summary>What we compare with on Node.js, from the public npm registry; versions are in a package.json below peers/.</summary>
/// <param name="name">Its folder below peers/ and below artifacts/peers; empty for these themselves.</param>
/// <param name="options">Further options of <c>npm install</c>.</param>
internal sealed class PeerPackages(string name, params IReadOnlyList<string> options)
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(10);

    /// <summary>Those of most benchmarks.</summary>
    public static PeerPackages Common { get; } = new("");

    /// <summary>Their sources.</summary>
    public string Sources { get; } = Path.Combine(Checkout.PeerSources, name);

    /// <summary>Where they lie.</summary>
    public string Root { get; } = Path.Combine(Checkout.Peers, name);

    /// <summary>The folder in which they are installed.</summary>
    public string Folder => Path.Combine(Root, "node_modules");

    /// <summary>The environment variable with which a script in another folder finds them.</summary>
    public (string Key, string Value) Environment => ("NODE_PATH", Folder);

    /// <summary>Installs them below artifacts/peers, unless exactly these versions are installed.</summary>
    public async Task InstallAsync(CancellationToken cancellationToken)
    {
        var wanted = await File.ReadAllTextAsync(Path.Combine(Sources, "package.json"), cancellationToken);
        var installed = Path.Combine(Root, "installed.json");
        if (File.Exists(installed) && await File.ReadAllTextAsync(installed, cancellationToken) == wanted) return;

        Console.WriteLine("Installing the peers with npm …");
        Directory.CreateDirectory(Root);
        await File.WriteAllTextAsync(Path.Combine(Root, "package.json"), wanted, cancellationToken);
        await ChildProcess.RunAsync(
            "npm", ["install", "--prefix", Root, "--no-audit", "--no-fund", "--no-package-lock", .. options], InstallLimit,
            cancellationToken);
        await File.WriteAllTextAsync(installed, wanted, cancellationToken);
    }
}
