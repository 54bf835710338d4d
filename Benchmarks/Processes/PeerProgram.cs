namespace AiPlatform.Benchmarks.Processes;

/// <summary>A program of one C file below peers/.</summary>
internal static class PeerProgram
{
    private static readonly TimeSpan CompileLimit = TimeSpan.FromMinutes(1);

    public static string BinaryOf(string name) => Path.Combine(Checkout.Peers, name);

    /// <summary>Compiles it, unless that is done.</summary>
    public static async Task CompileAsync(string name, CancellationToken cancellationToken)
    {
        var (source, binary) = (Path.Combine(Checkout.PeerSources, $"{name}.c"), BinaryOf(name));
        if (File.Exists(binary) && File.GetLastWriteTimeUtc(binary) >= File.GetLastWriteTimeUtc(source)) return;

        Directory.CreateDirectory(Checkout.Peers);
        await ChildProcess.RunAsync("gcc", ["-O2", "-o", binary, source], CompileLimit, cancellationToken);
    }
}
