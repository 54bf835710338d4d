using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Configuration;

/// <summary>Secrets that are mounted as files.</summary>
public sealed class SecretFilesTests(RedisServer redis) : IClassFixture<RedisServer>, IDisposable
{
    private readonly RedisServer _redis = redis;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("secrets");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task ApiKey_InAFile_IsWhatTheProviderGetsAlsoAfterAChange()
    {
        var file = Path.Combine(_folder.FullName, "Providers__fake__ApiKey");
        await File.WriteAllTextAsync(file, "sk-first\n", TestContext.Current.CancellationToken);
        await using var sut = await ProviderGateway.StartAsync(_redis, $"Secrets:Path={_folder.FullName}");

        await sut.ChatAsync();
        await File.WriteAllTextAsync(file, "sk-second", TestContext.Current.CancellationToken);

        Assert.Equal("Bearer sk-first", sut.Provider.Received[0].Headers["Authorization"]);
        await Poll.UntilAsync(
            async () =>
            {
                await sut.ChatAsync();
                return sut.Provider.Received[^1].Headers["Authorization"] == "Bearer sk-second";
            },
            "the new key is used");
    }

    [Fact]
    public async Task Start_FolderIsNotThere_NamesTheSetting()
    {
        var wrong = await Assert.ThrowsAsync<DirectoryNotFoundException>(() => GatewayHost.StartAsync(_redis, "Secrets:Path=/nowhere"));

        Assert.Contains("Secrets:Path", wrong.Message, StringComparison.Ordinal);
    }
}
