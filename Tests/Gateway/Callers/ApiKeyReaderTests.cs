using AiPlatform.Gateway.Callers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.Gateway.Callers;

public sealed class ApiKeyReaderTests
{
    private static readonly string OneHash = new('a', 64);
    private static readonly string OtherHash = new('b', 64);

    [Fact]
    public void Read_NoEntries_HasNoKeys() => Assert.Empty(Read());

    [Fact]
    public void Read_Entries_NameTenantsAndRoles()
    {
        var keys = Read(
            ("ApiKeys:a:Sha256", OneHash), ("ApiKeys:b.B_9-:sha256", OtherHash.ToUpperInvariant()), ("ApiKeys:b.B_9-:Role", "Operator"));

        Assert.Equal([new Caller("a", IsOperator: false), new Caller("b.B_9-", IsOperator: true)], keys.Select(key => key.Caller));
        Assert.Equal([OneHash, OtherHash], keys.Select(key => Convert.ToHexStringLower(key.Sha256.Span)));
    }

    [Theory]
    [InlineData("ApiKeys:t:Role", "user", "ApiKeys:t:Sha256")]
    [InlineData("ApiKeys:t", "64 hex digits", "ApiKeys:t:Sha256")]
    [InlineData("ApiKeys:t:Sha256", "", "ApiKeys:t:Sha256")]
    [InlineData("ApiKeys:t:Sha256", "the-key-itself", "ApiKeys:t:Sha256")]
    [InlineData("ApiKeys:a:Role", "admin", "ApiKeys:a:Role")]
    [InlineData("ApiKeys:a:Role", "", "ApiKeys:a:Role")]
    [InlineData("ApiKeys:a:Rôle", "operator", "ApiKeys:a:Rôle")]
    [InlineData("ApiKeys:a b:Sha256", "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "ApiKeys:a b")]
    [InlineData("ApiKeys", "a", "ApiKeys")]
    public void Read_BadEntry_NamesIt(string key, string value, string named)
    {
        var error = Assert.Throws<OptionsValidationException>(() => Read(("ApiKeys:a:Sha256", OneHash), (key, value)));

        Assert.StartsWith(named, Assert.Single(error.Failures), StringComparison.Ordinal);
        if (value.Length > 1) Assert.DoesNotContain("the-key-itself", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Read_LongestName_IsTaken(int length, bool taken)
    {
        var name = new string('n', length);

        var error = Record.Exception(() => Read(($"ApiKeys:{name}:Sha256", OneHash)));

        Assert.Equal(taken, error is null);
    }

    [Theory]
    [InlineData(63)]
    [InlineData(65)]
    public void Read_HashOfAnotherLength_IsRefused(int length) =>
        Assert.Throws<OptionsValidationException>(() => Read(("ApiKeys:a:Sha256", new string('a', length))));

    [Fact]
    public void Read_SeveralWrong_SaysAllAtOnce()
    {
        var error = Assert.Throws<OptionsValidationException>(() => Read(
            ("ApiKeys:a:Sha256", OneHash), ("ApiKeys:b:Sha256", OneHash.ToUpperInvariant()), ("ApiKeys:c:Sha256", "x"), ("ApiKeys:d:Role", "root")));

        string[] named = ["ApiKeys:c:Sha256 must", "ApiKeys:d:Sha256 must", "ApiKeys:d:Role must", "ApiKeys:a:Sha256 and ApiKeys:b:Sha256 are"];
        Assert.Equal(named.Length, error.Failures.Count());
        Assert.All(named, name => Assert.Contains(name, error.Message, StringComparison.Ordinal));
    }

    private static IReadOnlyList<ApiKey> Read(params (string Key, string Value)[] settings) => ApiKeyReader.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value))).Build()
            .GetSection(ApiKeyOptions.SectionName));
}
