using System.Net.Http.Json;
using System.Text.Json;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Workers;

/// <summary><c>GET /v1/workers</c>.</summary>
public sealed class WorkersTests(KeyedGatewayFixture fixture) : IClassFixture<KeyedGatewayFixture>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    [Fact]
    public async Task GetWorkers_AWorkerLives_TellsWhatItsHeartbeatSays()
    {
        var name = RedisServer.Unique("worker");
        var before = TimeProvider.System.GetUtcNow().AddSeconds(-1);
        await BeatAsync(name, new ModelLoad("m-1", 2, 8), new ModelLoad("m-2", 1, 4) { Device = "cpu" });

        var worker = await ReadAsync(name);

        Assert.Equal(
            ("host-1", 4711, "cuda:0", "1970-01-01T00:00:00.000Z"),
            (worker.GetProperty("host").GetString(), worker.GetProperty("process_id").GetInt32(), worker.GetProperty("device").GetString(),
                worker.GetProperty("started_at").GetString()));
        Assert.InRange(worker.GetProperty("last_heartbeat").GetDateTimeOffset(), before, TimeProvider.System.GetUtcNow().AddSeconds(1));
        Assert.Equal((3, 12), (worker.GetProperty("running").GetInt32(), worker.GetProperty("capacity").GetInt32()));
        Assert.Equal(
            """
            [{"model":"m-1","device":"cuda:0","running":2,"capacity":8},{"model":"m-2","device":"cpu","running":1,"capacity":4}]
            """,
            worker.GetProperty("models").GetRawText());
        Assert.Equal("""[{"folder":"broken","reason":"<script>alert(1)</script>"}]""", worker.GetProperty("failures").GetRawText());
    }

    /// <summary>What an older version wrote has no time of the heartbeat.</summary>
    [Fact]
    public async Task GetWorkers_WorkerOfAnOlderVersion_HasNoTimeOfItsHeartbeat()
    {
        var name = RedisServer.Unique("old");
        await PutAsync(
            name, $$"""{"worker":"{{name}}","host":"h","process_id":1,"device":"cpu","started_at":"2026-01-31T12:00:00Z","models":[]}""");

        Assert.Equal(JsonValueKind.Null, (await ReadAsync(name)).GetProperty("last_heartbeat").ValueKind);
    }

    /// <summary>Such an entry hides no other.</summary>
    [Theory]
    [InlineData("""{"worker":"odd","host":"h","process_id":1,"device":"cpu","started_at":"2026-01-31T12:00:00Z","models":[],"failures":[null]}""")]
    [InlineData("""{"worker":"odd","host":"h","process_id":1,"device":"cpu","started_at":"2026-01-31T12:00:00Z","models":[],"failures":null}""")]
    [InlineData("""{"worker":"odd","host":"h","process_id":1,"device":"cpu","started_at":"2026-01-31T12:00:00Z","models":[],"failures":[{}]}""")]
    [InlineData("""{"worker":"odd","host":"h","process_id":1,"device":"cpu","started_at":"2026-01-31T12:00:00Z","models":[{"running":1}]}""")]
    [InlineData("[]")]
    public async Task GetWorkers_HeartbeatThatCannotBeRead_IsPassedOver(string heartbeat)
    {
        var odd = RedisServer.Unique("odd");
        await PutAsync(odd, heartbeat);
        var name = RedisServer.Unique("beside");
        await BeatAsync(name);

        await ReadAsync(name);

        Assert.DoesNotContain(await ListAsync(), one => one.GetProperty("name").GetString() == "odd");
        await fixture.Redis.Connection.GetDatabase().SortedSetRemoveAsync("ai:{WORKERS}:seen", odd);
    }

    [Fact]
    public async Task GetWorkers_WorkerLeaves_ListsItNoMore()
    {
        var name = RedisServer.Unique("leaver");
        await BeatAsync(name);
        await ReadAsync(name);

        await _gateway.Services.GetRequiredService<IWorkerCatalog>().LeaveAsync(name, CancellationToken.None);

        await Poll.UntilAsync(async () => (await ListAsync()).All(one => one.GetProperty("name").GetString() != name), "it is gone");
    }

    private async Task PutAsync(string name, string heartbeat)
    {
        var database = fixture.Redis.Connection.GetDatabase();
        await database.HashSetAsync("ai:{WORKERS}:beats", name, heartbeat);
        var until = TimeProvider.System.GetUtcNow().AddMinutes(10).ToUnixTimeMilliseconds();
        await database.SortedSetAddAsync("ai:{WORKERS}:seen", name, until);
    }

    private Task BeatAsync(string name, params ModelLoad[] models) => _gateway.Services.GetRequiredService<IWorkerCatalog>().BeatAsync(
        new WorkerHeartbeat
        {
            Worker = name,
            Host = "host-1",
            ProcessId = 4711,
            Device = "cuda:0",
            StartedAt = DateTimeOffset.UnixEpoch,
            Models = models,
            Failures = [new ModelFailure("broken", "<script>alert(1)</script>")],
        },
        [],
        CancellationToken.None);

    private async Task<JsonElement> ReadAsync(string name)
    {
        JsonElement found = default;
        await Poll.UntilAsync(
            async () =>
            {
                found = (await ListAsync()).SingleOrDefault(one => one.GetProperty("name").GetString() == name);
                return found.ValueKind == JsonValueKind.Object;
            },
            "the worker is listed");
        return found;
    }

    private async Task<List<JsonElement>> ListAsync()
    {
        using var client = fixture.Operator.ClientOf(_gateway);
        var list = await client.GetFromJsonAsync<JsonElement>("/v1/workers");
        Assert.Equal("list", list.GetProperty("object").GetString());
        return [.. list.GetProperty("data").EnumerateArray()];
    }
}
