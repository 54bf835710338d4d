using AiPlatform.Gateway.Callers;
using AiPlatform.Jobs.Limits;
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
            ("ApiKeys:a:Sha256", OneHash), ("ApiKeys:b:Sha256", OneHash.ToUpperInvariant()), ("ApiKeys:c:Sha256", "x"),
            ("ApiKeys:d:Role", "root")));

        string[] named = ["ApiKeys:c:Sha256 must", "ApiKeys:d:Sha256 must", "ApiKeys:d:Role must", "ApiKeys:a:Sha256 and ApiKeys:b:Sha256 are"];
        Assert.Equal(named.Length, error.Failures.Count());
        Assert.All(named, name => Assert.Contains(name, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_SeveralKeysOfATenant_HaveItsNameAndRoleAndTheirOwnExpiry()
    {
        var keys = Read(
            ("ApiKeys:a:Role", "operator"), ("ApiKeys:a:Sha256", OneHash), ("ApiKeys:a:ExpiresAt", "2027-01-31T23:00:00Z"),
            ("ApiKeys:a:Keys:next:Sha256", OtherHash), ("ApiKeys:b:Keys:0:Sha256", new string('c', 64)),
            ("ApiKeys:b:Keys:0:ExpiresAt", "2020-02-29T00:00:01Z"));

        Assert.Equal(
            [("a", true, OneHash, "2027-01-31T23:00:00Z"), ("a", true, OtherHash, ""),
                ("b", false, new string('c', 64), "2020-02-29T00:00:01Z")],
            keys.Select(key => (
                key.Caller.Tenant, key.Caller.IsOperator, Convert.ToHexStringLower(key.Sha256.Span), $"{key.ExpiresAt?.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}")));
        Assert.All(keys, key => Assert.Equal(TimeSpan.Zero, key.ExpiresAt?.Offset ?? TimeSpan.Zero));
    }

    [Theory]
    [InlineData("ApiKeys:t:Keys:0:Sha256", "the-key-itself", "ApiKeys:t:Keys:0:Sha256")]
    [InlineData("ApiKeys:t:Keys:0:ExpiresAt", "2027-01-31T00:00:00Z", "ApiKeys:t:Keys:0:Sha256")]
    [InlineData("ApiKeys:t:Keys", "x", "ApiKeys:t:Keys")]
    [InlineData("ApiKeys:a:ExpiresAt", "2027-01-31", "ApiKeys:a:ExpiresAt")]
    [InlineData("ApiKeys:a:ExpiresAt", "2027-01-31T00:00:00+01:00", "ApiKeys:a:ExpiresAt")]
    [InlineData("ApiKeys:a:ExpiresAt", "2027-02-30T00:00:00Z", "ApiKeys:a:ExpiresAt")]
    [InlineData("ApiKeys:a:ExpiresAt", "", "ApiKeys:a:ExpiresAt")]
    [InlineData("ApiKeys:a:ExpiresOn", "2027-01-31T00:00:00Z", "ApiKeys:a:ExpiresOn")]
    [InlineData("ApiKeys:b:ExpiresAt", "2027-01-31T00:00:00Z", "ApiKeys:b:Sha256")]
    [InlineData("ApiKeys:b:Keys:next:Role", "user", "ApiKeys:b:Keys:next:Role")]
    [InlineData("ApiKeys:b:Keys:next:Sha256", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "ApiKeys:a:Sha256 and ApiKeys:b:Keys:next:Sha256 are")]
    [InlineData("ApiKeys:b:Keys:more:Sha256", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "ApiKeys:b:Keys:more:Sha256 and ApiKeys:b:Keys:next:Sha256 are")]
    public void Read_BadKeyOfSeveral_NamesIt(string key, string value, string named)
    {
        (string Key, string Value)[] good = [("ApiKeys:a:Sha256", OneHash), ("ApiKeys:b:Keys:next:Sha256", OtherHash)];

        var error = Assert.Throws<OptionsValidationException>(() => Read([.. good.Where(one => one.Key != key), (key, value)]));

        Assert.Contains(error.Failures, failure => failure.StartsWith(named, StringComparison.Ordinal));
        Assert.DoesNotContain("the-key-itself", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Limits_AreThoseOfTheTenantThenTheOthersAndBesidesThoseOfTheKey()
    {
        var otherwise = new CallLimits { RequestsPerMinute = 10, TokensPerDay = 1_000 };

        var keys = ReadWith(
            otherwise, ("ApiKeys:a:Sha256", OneHash), ("ApiKeys:a:Limits:RequestsPerMinute", "0"),
            ("ApiKeys:a:Limits:ConcurrentCalls", "5"),
            ("ApiKeys:a:Keys:next:Sha256", OtherHash), ("ApiKeys:a:Keys:next:Limits:TokensPerMinute", "700"));

        var tenant = new CallLimits { ConcurrentCalls = 5, TokensPerDay = 1_000 };
        Assert.Equal(
            [new LimitedCaller("a", tenant, "", CallLimits.None),
                new LimitedCaller("a", tenant, "next", new CallLimits { TokensPerMinute = 700 })],
            keys.Select(key => key.Caller.Limits));
        Assert.Null(Assert.Single(Read(("ApiKeys:a:Sha256", OneHash), ("ApiKeys:a:Limits:RequestsPerMinute", "0"))).Caller.Limits);
    }

    [Theory]
    [InlineData("ApiKeys:a:Limits:RequestsPerMinute", "many")]
    [InlineData("ApiKeys:a:Limits:RequestsPerMinute", "-1")]
    [InlineData("ApiKeys:a:Limits:TokensPerMinute", "1000000000001")]
    [InlineData("ApiKeys:a:Limits:TokensPerDay", "99999999999999999999999")]
    [InlineData("ApiKeys:a:Limits:PerMinute", "1")]
    [InlineData("ApiKeys:a:Limits", "1")]
    [InlineData("ApiKeys:a:Keys:next:Limits:TokensPerDay", "1")]
    public void Read_BadLimit_NamesIt(string key, string value)
    {
        var error = Assert.Throws<OptionsValidationException>(
            () => Read(("ApiKeys:a:Sha256", OneHash), ("ApiKeys:a:Keys:next:Sha256", OtherHash), (key, value)));

        Assert.StartsWith(key, Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    private static IReadOnlyList<ApiKey> Read(params (string Key, string Value)[] settings) => ReadWith(CallLimits.None, settings);

    private static IReadOnlyList<ApiKey> ReadWith(CallLimits limits, params (string Key, string Value)[] settings) => ApiKeyReader.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value))).Build(),
        limits);
}
