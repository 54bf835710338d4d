using System.Security.Cryptography;
using System.Text;
using AiPlatform.Gateway.Callers;
using AiPlatform.Jobs.Limits;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace AiPlatform.Tests.Cli;

/// <summary><c>./ai key new</c>: what it prints is what the Gateway reads.</summary>
public sealed class KeyCommandTests
{
    [Fact]
    public async Task New_SettingsAreRead_AndHaveNoKey()
    {
        await using var sut = CliProcess.Start(
            "key", "new", "search", "--role", "operator", "--expires", "2999-01-31", "--rpm", "60", "--tpm", "90000");

        Assert.Equal(0, await sut.EndAsync());
        var key = Assert.Single(sut.Output.Split('\n'), line => line.StartsWith("aip_", StringComparison.Ordinal));
        Assert.Equal(47, key.Length);
        var json = sut.Output[sut.Output.IndexOf('{', StringComparison.Ordinal)..(sut.Output.LastIndexOf('}') + 1)];
        var variables = sut.Output.Split('\n').Where(line => line.StartsWith("ApiKeys__", StringComparison.Ordinal))
            .Select(line => line.Split('=', 2))
            .Select(pair => KeyValuePair.Create(pair[0].Replace("__", ":", StringComparison.Ordinal), (string?)pair[1]));
        Assert.DoesNotContain(key, json, StringComparison.Ordinal);
        foreach (var configuration in (IConfiguration[])
            [new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json))).Build(),
                new ConfigurationBuilder().AddInMemoryCollection(variables).Build()])
        {
            var read = Assert.Single(ApiKeyReader.Read(configuration, CallLimits.None));
            Assert.Equal(SHA256.HashData(Encoding.UTF8.GetBytes(key)), read.Sha256.ToArray());
            Assert.Equal(("search", true, 2999), (read.Caller.Tenant, read.Caller.IsOperator, read.ExpiresAt!.Value.Year));
            Assert.Equal(new CallLimits { RequestsPerMinute = 60, TokensPerMinute = 90_000 }, read.Caller.Limits!.OfKey);
        }
    }

    [Fact]
    public async Task New_TwoKeysOfATenant_AreTwo()
    {
        var outputs = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            await using var sut = CliProcess.Start("key", "new", "search");
            Assert.Equal(0, await sut.EndAsync());
            outputs.Add(sut.Output);
        }

        var configuration = new ConfigurationBuilder();
        foreach (var output in outputs)
        {
            var json = output[output.IndexOf('{', StringComparison.Ordinal)..(output.LastIndexOf('}') + 1)];
            configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json)));
        }

        Assert.Equal(2, ApiKeyReader.Read(configuration.Build(), CallLimits.None).Count);
    }

    [Theory]
    [InlineData("'key' takes 'new' and the name of a tenant.", "key")]
    [InlineData("'key' takes 'new' and the name of a tenant.", "key", "list")]
    [InlineData("A tenant's name has 1 to 64 characters", "key", "new", "a b")]
    [InlineData("--role takes 'user' or 'operator', not 'admin'.", "key", "new", "a", "--role", "admin")]
    [InlineData("--expires takes a day or a time to come", "key", "new", "a", "--expires", "2020-01-31")]
    [InlineData("--expires takes a day or a time to come", "key", "new", "a", "--expires", "tomorrow")]
    [InlineData("--rpm takes a number from 1 to 1000000000000, not '0'.", "key", "new", "a", "--rpm", "0")]
    [InlineData("--tpm takes a number from 1 to 1000000000000, not ''.", "key", "new", "a", "--tpm")]
    [InlineData("'key new' has no option '--what'.", "key", "new", "a", "--what", "1")]
    public async Task New_Misused_SaysSo(string said, params string[] arguments)
    {
        await using var sut = CliProcess.Start(arguments);

        Assert.Equal(2, await sut.EndAsync());
        Assert.StartsWith($"error: {said}", sut.Errors, StringComparison.Ordinal);
        Assert.Contains("'./ai help key' shows the usage.", sut.Errors, StringComparison.Ordinal);
        Assert.Equal("", sut.Output);
    }
}
