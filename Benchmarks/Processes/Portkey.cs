using System.Globalization;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>The gateway that we compare with: Portkey's on Node.js.</summary>
internal static class Portkey
{
    public const string Name = "Portkey 1.15.2";

    private static readonly string Server = Path.Combine(PeerPackages.Common.Folder, "@portkey-ai", "gateway", "build", "start-server.js");

    /// <summary>The headers that name the provider, because Portkey has no configuration of its own.</summary>
    public static IReadOnlyList<string> HeadersFor(MockProvider provider) =>
        ["x-portkey-provider: openai", $"x-portkey-custom-host: {provider.Address}", "Authorization: Bearer sk-mock"];

    /// <summary>Started with <paramref name="launcher"/>, once it answers.</summary>
    public static Task<ChildProcess> StartAsync(int port, IReadOnlyList<string> launcher, CancellationToken cancellationToken)
    {
        var number = port.ToString(CultureInfo.InvariantCulture);
        string[] command = [.. launcher, "node", "--require", Path.Combine(Checkout.PeerSources, "bind_local.js"), Server,
            $"--port={number}", "--headless"];
        return ChildProcess.Start(command[0], command[1..], PeerPackages.Common.Environment, ("NODE_ENV", "production"), ("PORT", number))
            .OnceAsync(process => Waiting.UntilOkAsync(process, port, "/", cancellationToken));
    }
}
