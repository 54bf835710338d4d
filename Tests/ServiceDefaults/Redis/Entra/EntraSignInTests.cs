using AiPlatform.ServiceDefaults.Redis.Entra;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using StackExchange.Redis;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults.Redis.Entra;

/// <summary>Runs against a Redis that has the identity as a user, whose passwords change like tokens.</summary>
public sealed class EntraSignInTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly string _objectId = Guid.NewGuid().ToString();

    [Fact]
    public async Task Connect_Token_IsTheUsersPassword()
    {
        await SetUserAsync(">first");
        await using var sut = await ConnectAsync(new EntraUser(new RotatedCredential { Token = "first" }, _objectId));

        Assert.Equal(_objectId, (string?)await sut.GetDatabase().ExecuteAsync("ACL", "WHOAMI"));
    }

    [Fact]
    public async Task ConnectionLost_TokenChanged_ComesBackWithTheNewOne()
    {
        await SetUserAsync(">first");
        var credential = new RotatedCredential { Token = "first" };
        await using var sut = await ConnectAsync(new EntraUser(credential, _objectId));

        credential.Token = "second";
        await SetUserAsync("<first", ">second");
        await redis.Connection.GetDatabase().ExecuteAsync("CLIENT", "KILL", "USER", _objectId);

        await Poll.UntilAsync(() => IsServedAsync(sut), "the connection is back");
    }

    [Fact]
    public async Task Renewal_TokenChanges_IsPresentedOnTheLiveConnection()
    {
        await SetUserAsync(">first");
        var credential = new RotatedCredential { Token = "first" };
        var user = new EntraUser(credential, _objectId);
        await using var connection = await ConnectAsync(user);
        var time = new ManualTime();
        var sut = new EntraRenewal(TestLoops.With(time), connection, user);
        await sut.StartAsync(TestContext.Current.CancellationToken);
        await Poll.UntilAsync(() => time.Waiting == 1, "the first token was presented");
        var presented = await AuthsAsync();

        credential.Token = "second";
        await SetUserAsync(">second");
        time.AdvanceToNext();

        await Poll.UntilAsync(async () => await AuthsAsync() > presented, "the second token is presented");
        Assert.True(await IsServedAsync(connection));
        await sut.StopAsync(CancellationToken.None);
    }

    private async Task SetUserAsync(params object[] rules) =>
        await redis.Connection.GetDatabase().ExecuteAsync("ACL", ["SETUSER", _objectId, "on", "~*", "&*", "+@all", .. rules]);

    private async Task<ConnectionMultiplexer> ConnectAsync(EntraUser user)
    {
        var configuration = ConfigurationOptions.Parse($"{redis.ConnectionString},abortConnect=false");
        configuration.Defaults = user;
        var connection = await ConnectionMultiplexer.ConnectAsync(configuration);
        await Poll.UntilAsync(() => IsServedAsync(connection), "the connection is there");
        return connection;
    }

    private static async Task<bool> IsServedAsync(ConnectionMultiplexer connection)
    {
        try
        {
            return await connection.GetDatabase().PingAsync() > TimeSpan.Zero;
        }
        catch (RedisException)
        {
            return false;
        }
    }

    /// <summary>How often the server received AUTH.</summary>
    private async Task<long> AuthsAsync()
    {
        var statistics = (string?)await redis.Connection.GetDatabase().ExecuteAsync("INFO", "commandstats") ?? "";
        var line = statistics.Split('\n').FirstOrDefault(line => line.StartsWith("cmdstat_auth:calls=", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split('=', ',')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
