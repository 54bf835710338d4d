using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using AiPlatform.Gateway.Callers;
using AiPlatform.Jobs.Limits;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace AiPlatform.Tests.Gateway.Callers;

/// <summary><c>key new</c>: what it prints is what the Gateway reads.</summary>
public sealed class KeyCommandTests
{
    [Fact]
    public void New_SettingsAreRead_AndHaveNoKey()
    {
        var (code, printed, _) = Run("new", "search", "--role", "operator", "--expires", "2999-01-31", "--rpm", "60", "--tpm", "90000");

        Assert.Equal(0, code);
        var key = Assert.Single(printed.Split('\n'), line => line.StartsWith("aip_", StringComparison.Ordinal));
        Assert.Equal(47, key.Length);
        var json = JsonIn(printed);
        var variables = printed.Split('\n').Where(line => line.StartsWith("ApiKeys__", StringComparison.Ordinal))
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
    public void New_TwoKeysOfATenant_AreTwo()
    {
        var configuration = new ConfigurationBuilder();
        for (var i = 0; i < 2; i++)
            configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(JsonIn(Run("new", "search").Output))));

        Assert.Equal(2, ApiKeyReader.Read(configuration.Build(), CallLimits.None).Count);
    }

    /// <summary>What it prints is read as it is meant, also as a variable or a file.</summary>
    [Theory]
    [InlineData("_a")]
    [InlineData("a_b")]
    [InlineData("a.b-c")]
    public void New_NameWithSigns_IsThatOfTheVariables(string tenant)
    {
        var variables = Run("new", tenant).Output.Split('\n').Where(line => line.StartsWith("ApiKeys__", StringComparison.Ordinal))
            .Select(line => line.Split('=', 2))
            .Select(pair => KeyValuePair.Create(pair[0].Replace("__", ":", StringComparison.Ordinal), (string?)pair[1]));

        var read = Assert.Single(ApiKeyReader.Read(new ConfigurationBuilder().AddInMemoryCollection(variables).Build(), CallLimits.None));

        Assert.Equal(tenant, read.Caller.Tenant);
    }

    [Theory]
    [InlineData("'key' takes 'new' and the name of a tenant.")]
    [InlineData("'key' takes 'new' and the name of a tenant.", "list")]
    [InlineData("A tenant's name has 1 to 64 characters", "new", "a b")]
    [InlineData("A name with '__', or that ends with '_', cannot stand in an environment variable", "new", "a__b")]
    [InlineData("A name with '__', or that ends with '_', cannot stand in an environment variable", "new", "a_")]
    [InlineData("--role takes 'user' or 'operator', not 'admin'.", "new", "a", "--role", "admin")]
    [InlineData("--expires takes a day or a time to come", "new", "a", "--expires", "2020-01-31")]
    [InlineData("--expires takes a day or a time to come", "new", "a", "--expires", "tomorrow")]
    [InlineData("--rpm takes a number from 1 to 1000000000000, not '0'.", "new", "a", "--rpm", "0")]
    [InlineData("--tpm takes a number from 1 to 1000000000000, not ''.", "new", "a", "--tpm")]
    [InlineData("'key new' has no option '--what'.", "new", "a", "--what", "1")]
    public void New_Misused_SaysSo(string said, params string[] arguments)
    {
        var (code, output, errors) = Run(arguments);

        Assert.Equal(2, code);
        Assert.StartsWith($"error: {said}", errors, StringComparison.Ordinal);
        Assert.Contains("'./ai key --help' shows the usage.", errors, StringComparison.Ordinal);
        Assert.Equal("", output);
    }

    /// <summary>The Gateway's program has the command, and does not start to serve.</summary>
    [Theory]
    [InlineData(0, "The key, which nobody can show again:", "key", "new", "search")]
    [InlineData(0, "usage: ./ai key new TENANT", "key", "--help")]
    [InlineData(2, "", "key")]
    public async Task Gateway_KeyCommand_IsRun(int code, string begin, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Checkout.Program("Gateway"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(code, process.ExitCode);
        Assert.StartsWith(begin, await output, StringComparison.Ordinal);
        Assert.Equal(code == 0, (await errors).Length == 0);
    }

    private static (int Code, string Output, string Errors) Run(params string[] arguments)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var code = new KeyCommand(output, errors, TimeProvider.System).Run(arguments);
        return (code, output.ToString(), errors.ToString());
    }

    private static string JsonIn(string output) => output[output.IndexOf('{', StringComparison.Ordinal)..(output.LastIndexOf('}') + 1)];
}
