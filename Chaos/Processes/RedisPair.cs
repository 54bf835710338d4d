using System.Globalization;

namespace AiPlatform.Chaos.Processes;

/// <summary>Who detects that the primary is gone, and promotes its replica.</summary>
internal enum Promotion
{
    /// <summary>An operator; the connection string names both servers.</summary>
    ByHand,

    /// <summary>Redis Sentinel; the connection string names it and the service.</summary>
    BySentinel,
}

/// <summary>
/// A primary and a replica, which is promoted whenever the primary is killed. Replication is asynchronous: writes that were acknowledged
/// just before the kill may not have reached the replica. So the kill waits for the replica, as <c>WAIT</c> would do for every writer. A
/// third server, the witness, follows the primary; it is never promoted, and no client knows it. Its file has every write, while those of
/// the pair are rewritten when one server comes back and follows the other.
/// </summary>
internal sealed class RedisPair(Promotion promotion, string flush) : IRedisSetup
{
    private const string Service = "aiplatform";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly RedisProcess _first = new(RedisAlone.ArgumentsOf(flush)), _second = new(RedisAlone.ArgumentsOf(flush));
    private readonly RedisProcess _witness = new(
        [.. RedisAlone.ArgumentsOf(flush), "--replica-priority", "0", "--replica-announced", "no"]);
    private string _witnessed = "";
    private RedisSentinel? _sentinel;

    public RedisProcess Primary { get; private set; } = null!;

    public RedisProcess Replica { get; private set; } = null!;

    public IReadOnlyList<RedisProcess> Primaries => [Primary];

    public IEnumerable<string> Histories => AppendOnlyFile.PathIn(_witness.Folder) == _witnessed
        ? [_witness.Folder]
        : throw new InvalidOperationException("The witness had to begin its file anew, and has not seen everything.");

    public string ConnectionString => promotion == Promotion.BySentinel
        ? $"127.0.0.1:{_sentinel!.Port},serviceName={Service}"
        : $"{_first.ConnectionString},{_second.ConnectionString}";

    public async Task StartAsync()
    {
        (Primary, Replica) = (_first, _second);
        await Task.WhenAll(_first.StartAsync(), _second.StartAsync(), _witness.StartAsync());
        await FollowAsync(Replica);
        await FollowAsync(_witness);
        await Waiting.UntilAsync(HasOneFileAsync, () => "the witness begins its file", Bound, CancellationToken.None);
        _witnessed = AppendOnlyFile.PathIn(_witness.Folder);
        if (promotion != Promotion.BySentinel) return;

        _sentinel = new RedisSentinel(Service, Primary.Port);
        await _sentinel.StartAsync();
        await Waiting.UntilAsync(
            async () => await _sentinel.ReplicasAsync() == 2, () =>
                "the Sentinel knows the replica and the witness", Bound, CancellationToken.None);
    }

    /// <summary>Kills the primary when the replica has all acknowledged writes; returns when the replica is the primary.</summary>
    public async Task FailOverAsync()
    {
        await Primary.TellAsync("CLIENT", "PAUSE", "30000", "WRITE");
        await Waiting.UntilAsync(HaveFollowedAsync, () => "the replica has what the primary has", Bound, CancellationToken.None);
        await Primary.KillAsync();
        if (promotion == Promotion.ByHand) await Replica.TellAsync("REPLICAOF", "NO", "ONE");
        await Waiting.UntilAsync(
            () => HasRoleAsync(Replica, "master"), () => "the replica is the primary", Bound, CancellationToken.None);
        (Primary, Replica) = (Replica, Primary);
        await FollowAsync(_witness);
    }

    /// <summary>Swaps primary and replica by a planned failover (<c>FAILOVER</c>), without a kill.</summary>
    public async Task SwapAsync()
    {
        await Primary.TellAsync("FAILOVER", "TO", "127.0.0.1", PortOf(Replica));
        await Waiting.UntilAsync(
            async () => await HasRoleAsync(Replica, "master") && await HasRoleAsync(Primary, "slave"),
            () => "they have changed places",
            Bound,
            CancellationToken.None);
        (Primary, Replica) = (Replica, Primary);
        await FollowAsync(_witness);
    }

    /// <summary>Starts the killed server again, which follows the new primary from its start.</summary>
    public async Task StartAgainAsync()
    {
        await Replica.StartAsync(["--replicaof", "127.0.0.1", PortOf(Primary)]);
        await Waiting.UntilAsync(() => IsLinkedAsync(Replica), () => "it follows", Bound, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_sentinel is not null) await _sentinel.DisposeAsync();
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        await _witness.DisposeAsync();
    }

    private static string PortOf(RedisProcess server) => server.Port.ToString(CultureInfo.InvariantCulture);

    private static Task<bool> IsLinkedAsync(RedisProcess replica) => AnswersAsync(
        replica, ["INFO", "replication"], answer => answer.Contains("master_link_status:up", StringComparison.Ordinal));

    private static Task<bool> HasRoleAsync(RedisProcess server, string role) =>
        AnswersAsync(server, ["ROLE"], answer => answer.StartsWith(role, StringComparison.Ordinal));

    /// <summary>
    /// Whether a server answers so. It may close the connection instead, because Sentinel kills the clients of a server whose role it
    /// changes; then who waits asks again.
    /// </summary>
    private static async Task<bool> AnswersAsync(RedisProcess server, string[] command, Func<string, bool> isExpected)
    {
        try
        {
            return isExpected(await server.TellAsync(command));
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task FollowAsync(RedisProcess replica)
    {
        await Waiting.UntilAsync(
            () => AnswersAsync(
                replica, ["REPLICAOF", "127.0.0.1", PortOf(Primary)], answer => answer.StartsWith("OK", StringComparison.Ordinal)),
            () => "the replica is told whom to follow",
            Bound,
            CancellationToken.None);
        await Waiting.UntilAsync(() => IsLinkedAsync(replica), () => "the replica follows", Bound, CancellationToken.None);
    }

    /// <summary>Whether the server's folder has only the file that it wrote as a replica.</summary>
    private async Task<bool> HasOneFileAsync() =>
        (await _witness.TellAsync("INFO", "persistence")).Contains("aof_rewrite_in_progress:0", StringComparison.Ordinal)
        && Directory.GetFiles(Path.Combine(_witness.Folder, "appendonlydir"), "*.incr.aof").Length == 1;

    private async Task<bool> HaveFollowedAsync()
    {
        var offset = Field(await Primary.TellAsync("INFO", "replication"), "master_repl_offset:");
        foreach (var follower in (RedisProcess[])[Replica, _witness])
        {
            // A server that Sentinel has not yet made a replica has no such line.
            if (Field(await follower.TellAsync("INFO", "replication"), "slave_repl_offset:") is not { } followed || followed != offset)
                return false;
        }

        return true;
    }

    private static string? Field(string info, string name) =>
        info.Split("\r\n").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..];
}
