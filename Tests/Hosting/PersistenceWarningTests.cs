using AiPlatform.Hosting.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Hosting;

public sealed class PersistenceWarningTests
{
    [Theory]
    [InlineData("yes", true)]
    [InlineData("no", false)]
    public async Task HasAppendOnlyFile_ARealRedis_IsItsSetting(string setting, bool expected)
    {
        await using var redis = RedisServer.With("--appendonly", setting);
        await redis.InitializeAsync();

        Assert.Equal(expected, await PersistenceWarning.HasAppendOnlyFileAsync(redis.ConnectionString));
    }
}
