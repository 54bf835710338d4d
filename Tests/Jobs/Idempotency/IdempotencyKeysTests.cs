using AiPlatform.Jobs;
using AiPlatform.Jobs.Idempotency;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Idempotency;

public sealed class IdempotencyKeysTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly QueueName _queue = QueueName.ForModel(RedisServer.Unique("q"));
    private readonly string _tenant = RedisServer.Unique("Tenant");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ClaimAsync_New_IsForThisJob()
    {
        await using var sut = CreateSut();
        var id = NewId();

        Assert.Equal(id, await sut.Keys.ClaimAsync(_tenant, new IdempotencyKey("order 1:{x}", "hash"), id, Ct));
    }

    [Fact]
    public async Task ClaimAsync_SameRequestAgain_GivesTheFirstJob()
    {
        await using var sut = CreateSut();
        await using var otherGateway = CreateSut();
        var first = NewId();
        await sut.Keys.ClaimAsync(_tenant, new IdempotencyKey("k", "hash"), first, Ct);

        foreach (var gateway in new[] { sut, otherGateway })
            Assert.Equal(first, await gateway.Keys.ClaimAsync(_tenant, new IdempotencyKey("k", "hash"), NewId(), Ct));
    }

    [Fact]
    public async Task ClaimAsync_OtherRequest_IsRefusedAndTheFirstStays()
    {
        await using var sut = CreateSut();
        var first = NewId();
        await sut.Keys.ClaimAsync(_tenant, new IdempotencyKey("k", "hash"), first, Ct);

        Assert.Null(await sut.Keys.ClaimAsync(_tenant, new IdempotencyKey("k", "other"), NewId(), Ct));
        Assert.Null(await sut.Keys.ClaimAsync(_tenant, new IdempotencyKey("k", "HASH"), first, Ct));
        Assert.Equal(first, await sut.Keys.ClaimAsync(_tenant, new IdempotencyKey("k", "hash"), NewId(), Ct));
    }

    [Fact]
    public async Task ClaimAsync_OtherTenantOrKey_IsApart()
    {
        await using var sut = CreateSut();
        var claims = new[] { (_tenant, "k"), (_tenant, "K"), (_tenant + ".", "k"), (_tenant.ToUpperInvariant(), "k") };

        foreach (var (tenant, key) in claims)
        {
            var id = NewId();
            Assert.Equal(id, await sut.Keys.ClaimAsync(tenant, new IdempotencyKey(key, "hash"), id, Ct));
        }
    }

    [Fact]
    public async Task ClaimAsync_ManyAtOnce_OneWins()
    {
        await using var sut = CreateSut();
        var ids = Enumerable.Range(0, 64).Select(_ => NewId()).ToList();

        var claimed = await Task.WhenAll(ids.Select(id => sut.Keys.ClaimAsync(_tenant, new IdempotencyKey("k", "hash"), id, Ct)));

        Assert.Contains(Assert.Single(claimed.Distinct())!.Value, ids);
    }

    [Fact]
    public async Task ClaimAsync_AfterItsTime_IsNewAgain()
    {
        await using var sut = CreateSut(("Jobs:ResultTtl", "00:00:03"));
        await sut.Keys.ClaimAsync(_tenant, new IdempotencyKey("k", "hash"), NewId(), Ct);
        var database = redis.Connection.GetDatabase();
        Assert.InRange((await database.KeyTimeToLiveAsync($"ai:{{TENANT.{_tenant}}}:k"))!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(3));

        var second = NewId();
        await Poll.UntilAsync(
            async () => await sut.Keys.ClaimAsync(_tenant, new IdempotencyKey("k", "other"), second, Ct) == second, "the claim expires");
    }

    private JobId NewId() => JobId.New(_queue, TimeProvider.System.GetUtcNow());

    private JobStoreHost CreateSut(params (string, string)[] settings) => JobStoreHost.On(redis.Connection, settings);
}
