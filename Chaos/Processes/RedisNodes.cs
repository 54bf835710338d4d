using System.Globalization;

namespace AiPlatform.Chaos.Processes;

/// <summary>A Redis Cluster of three primaries, a third of the slots each.</summary>
internal sealed class RedisNodes(string flush) : IRedisSetup
{
    private const int Slots = 16384;

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly Node[] _nodes = [.. Enumerable.Range(0, 3).Select(_ => new Node(flush))];

    public string ConnectionString => string.Join(',', _nodes.Select(node => node.Server.ConnectionString));

    public IReadOnlyList<RedisProcess> Primaries => [.. _nodes.Select(node => node.Server)];

    public IEnumerable<string> Histories => _nodes.Select(node => node.Server.Folder);

    public async Task StartAsync()
    {
        await Task.WhenAll(_nodes.Select(node => node.Server.StartAsync()));
        for (var i = 0; i < _nodes.Length; i++)
        {
            await TellAsync(_nodes[i], "CLUSTER", "SET-CONFIG-EPOCH", $"{i + 1}");
            await TellAsync(_nodes[i], "CLUSTER", "ADDSLOTSRANGE", $"{Slots * i / 3}", $"{(Slots * (i + 1) / 3) - 1}");
            await TellAsync(_nodes[0], "CLUSTER", "MEET", "127.0.0.1", $"{_nodes[i].Server.Port}", $"{_nodes[i].BusPort}");
        }

        await Waiting.UntilAsync(IsWholeAsync, () => "the cluster serves", Bound, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.Server.DisposeAsync();
    }

    private static async Task TellAsync(Node node, params string[] command)
    {
        var reply = await node.Server.TellAsync(command);
        if (reply != "OK") throw new InvalidOperationException($"{string.Join(' ', command)}: {reply}");
    }

    private async Task<bool> IsWholeAsync()
    {
        foreach (var node in _nodes)
        {
            var info = await node.Server.TellAsync("CLUSTER", "INFO");
            var isWhole = info.Contains("cluster_state:ok", StringComparison.Ordinal)
                && info.Contains("cluster_size:3", StringComparison.Ordinal);
            if (!isWhole) return false;
        }

        return true;
    }

    private sealed class Node
    {
        public Node(string flush) => Server = new RedisProcess(
        [
            .. RedisAlone.ArgumentsOf(flush), "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout",
            "2000",
            "--cluster-announce-ip", "127.0.0.1", "--cluster-require-full-coverage", "no",
            "--cluster-port", BusPort.ToString(CultureInfo.InvariantCulture),
        ]);

        public int BusPort { get; } = FreePort.Next();

        public RedisProcess Server { get; }
    }
}
