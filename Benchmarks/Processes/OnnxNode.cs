using System.Globalization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>
/// The server that one would write around ONNX Runtime: fastify with onnxruntime-node, which runs each call's text alone. (The same on
/// FastAPI cannot be measured where Python's onnxruntime cannot be installed.)
/// </summary>
internal static class OnnxNode
{
    public const string Name = "fastify 5.12.8 with onnxruntime-node 1.30.0";

    private static readonly PeerPackages Packages = new("onnx", "--ignore-scripts");

    public static Task InstallAsync(CancellationToken cancellationToken) => Packages.InstallAsync(cancellationToken);

    /// <summary>Started with <paramref name="launcher"/>, once it has loaded the model in <paramref name="folder"/>.</summary>
    public static Task<ChildProcess> StartAsync(
        int port, string folder, IReadOnlyList<string> launcher, CancellationToken cancellationToken)
    {
        string[] command =
        [
            .. launcher, "node", Path.Combine(Packages.Sources, "server.mjs"), Packages.Folder, folder,
            port.ToString(CultureInfo.InvariantCulture),
        ];
        return ChildProcess.Start(command[0], command[1..], ("NODE_ENV", "production"))
            .OnceAsync(process => process.UntilAsync("ready", cancellationToken));
    }
}
