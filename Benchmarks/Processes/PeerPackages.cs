namespace AiPlatform.Benchmarks.Processes;

/// <summary>What we compare with on Node.js, from the public npm registry; versions are in peers/package.json.</summary>
internal static class PeerPackages
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(5);

    /// <summary>Where they are installed.</summary>
    public static string Folder { get; } = Path.Combine(Checkout.Peers, "node_modules");

    /// <summary>The environment that finds them from a script that lies elsewhere.</summary>
    public static (string Key, string Value) Environment { get; } = ("NODE_PATH", Folder);

    /// <summary>Installs them below artifacts/peers, unless these very versions are there.</summary>
    public static async Task InstallAsync(CancellationToken cancellationToken)
    {
        var wanted = await File.ReadAllTextAsync(Path.Combine(Checkout.PeerSources, "package.json"), cancellationToken);
        var installed = Path.Combine(Checkout.Peers, "installed.json");
        if (File.Exists(installed) && await File.ReadAllTextAsync(installed, cancellationToken) == wanted) return;

        Console.WriteLine("Installing the peers with npm …");
        Directory.CreateDirectory(Checkout.Peers);
        await File.WriteAllTextAsync(Path.Combine(Checkout.Peers, "package.json"), wanted, cancellationToken);
        await ChildProcess.RunAsync(
            "npm", ["install", "--prefix", Checkout.Peers, "--no-audit", "--no-fund", "--no-package-lock"], InstallLimit,
            cancellationToken);
        await File.WriteAllTextAsync(installed, wanted, cancellationToken);
    }
}
