using System.Net;
using System.Security.Cryptography;
using System.Text;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.Gateway.Callers;

/// <summary>Keys that change while the Gateway runs.</summary>
public sealed class ApiKeyRotationTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 12, 0, 0, TimeSpan.Zero);

    private readonly ManualTime _time = new();
    private readonly KeptLog _log = new();
    private readonly List<IDisposable> _created = [];

    public ApiKeyRotationTests() => _time.Advance(Now - DateTimeOffset.UnixEpoch);

    [Fact]
    public void TryIdentify_TwoKeysOfATenant_AreBothItsOwn()
    {
        var sut = CreateSut(
            out _, ("ApiKeys:a:Sha256", HashOf("old")), ("ApiKeys:a:Role", "operator"), ("ApiKeys:a:Keys:next:Sha256", HashOf("new")));

        Assert.Equal((new Caller("a", IsOperator: true), new Caller("a", IsOperator: true)), (CallerOf(sut, "old"), CallerOf(sut, "new")));
        Assert.Equal(["a", "anonymous"], sut.KnownTenants);
    }

    [Fact]
    public void TryIdentify_ExpiresAt_IsLetInUntilThen()
    {
        var sut = CreateSut(out _, ("ApiKeys:a:Sha256", HashOf("old")), ("ApiKeys:a:ExpiresAt", "2026-11-28T12:00:01Z"));

        Assert.NotNull(CallerOf(sut, "old"));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(CallerOf(sut, "old"));
        Assert.False(sut.TryIdentify("Bearer old", out _, out var error));
        Assert.Equal(("invalid_api_key", "The API key expired at 2026-11-28T12:00:01Z."), (error.Code, error.Message));
        // It was the only key, but callers still need a key.
        Assert.True(sut.AreNeeded);
        Assert.False(sut.TryIdentify(default, out _, out _));
    }

    [Theory]
    [InlineData(10_000, true)]
    [InlineData(10_001, false)]
    public void TryIdentify_LongKey_IsLetInUpToItsBound(int characters, bool isLetIn)
    {
        var key = new string('k', characters);

        Assert.Equal(isLetIn, CallerOf(CreateSut(out _, ("ApiKeys:a:Sha256", HashOf(key))), key) is not null);
    }

    [Fact]
    public void Reload_KeysRotate_NewOneIsLetInAtOnceAndOldOneUntilItGoes()
    {
        var sut = CreateSut(out var configuration, ("ApiKeys:a:Sha256", HashOf("old")));

        configuration["ApiKeys:a:Keys:next:Sha256"] = HashOf("new");
        ((IConfigurationRoot)configuration).Reload();
        Assert.Equal(
            (new Caller("a", IsOperator: false), new Caller("a", IsOperator: false)), (CallerOf(sut, "old"), CallerOf(sut, "new")));

        configuration["ApiKeys:a:Sha256"] = null;
        ((IConfigurationRoot)configuration).Reload();

        Assert.Null(CallerOf(sut, "old"));
        Assert.NotNull(CallerOf(sut, "new"));
        Assert.Equal(2, _log.Lines.Count(line => line.Level == LogLevel.Information));
    }

    [Fact]
    public void Reload_WrongKeys_LastOnesStayAndTheLogSaysWhy()
    {
        var sut = CreateSut(out var configuration, ("ApiKeys:a:Sha256", HashOf("old")));

        configuration["ApiKeys:b:Sha256"] = "the-key-itself";
        ((IConfigurationRoot)configuration).Reload();

        Assert.Equal(("a", null), (CallerOf(sut, "old")?.Tenant, CallerOf(sut, "another")?.Tenant));
        var line = Assert.Single(_log.Lines);
        Assert.Equal(LogLevel.Error, line.Level);
        Assert.Contains("ApiKeys:b:Sha256 must be", line.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("the-key-itself", line.Text, StringComparison.Ordinal);
    }

    /// <summary>A tenant whose entry is wrong keeps what it had; it keeps nobody else from losing a key.</summary>
    [Fact]
    public void Reload_WrongTenantBesideOthers_TheOthersChange()
    {
        var sut = CreateSut(
            out var configuration, ("ApiKeys:a:Keys:one:Sha256", HashOf("old")), ("ApiKeys:b:Sha256", HashOf("b")),
            ("ApiKeys:c:Sha256", HashOf("c")));

        Replace(
            configuration, ("ApiKeys:a:Keys:two:Sha256", HashOf("new")), ("ApiKeys:b:Sha256", HashOf("b")),
            ("ApiKeys:b:d:Keys:k:Sha256", HashOf("d")));

        Assert.Equal((null, null, null), (CallerOf(sut, "old"), CallerOf(sut, "c"), CallerOf(sut, "d")));
        Assert.Equal(("a", "b"), (CallerOf(sut, "new")?.Tenant, CallerOf(sut, "b")?.Tenant));
        Assert.Contains(_log.Lines, line => line.Level == LogLevel.Error && line.Text.Contains("ApiKeys:b:d ", StringComparison.Ordinal));
    }

    [Fact]
    public void Reload_KeyIsGoneFromAWrongTenant_IsNotLetInAnyMore()
    {
        var sut = CreateSut(
            out var configuration, ("ApiKeys:a:Keys:leaked:Sha256", HashOf("leaked")), ("ApiKeys:a:Keys:kept:Sha256", HashOf("kept")));

        Replace(configuration, ("ApiKeys:a:Keys:kept:Sha256", HashOf("kept")), ("ApiKeys:a:Rôle", "user"));

        Assert.Null(CallerOf(sut, "leaked"));
        Assert.NotNull(CallerOf(sut, "kept"));
    }

    /// <summary>Nobody is let in then, and a key is still needed.</summary>
    [Fact]
    public void Reload_LastKeyGoesAndAWrongOneComes_NobodyIsLetIn()
    {
        var sut = CreateSut(out var configuration, ("ApiKeys:a:Sha256", HashOf("leaked")));

        Replace(configuration, ("ApiKeys:b:Sha256", "the-key-itself"));

        Assert.True(sut.AreNeeded);
        Assert.Null(CallerOf(sut, "leaked"));
        Assert.False(sut.TryIdentify(default, out _, out _));
    }

    /// <summary>A folder of secrets that is empty for a moment must not open the Gateway to everybody.</summary>
    [Fact]
    public void Reload_NoKeysLeft_LastOnesStay()
    {
        var sut = CreateSut(out var configuration, ("ApiKeys:a:Sha256", HashOf("old")));

        configuration.Sources.Clear();

        Assert.True(sut.AreNeeded);
        Assert.NotNull(CallerOf(sut, "old"));
        Assert.Contains("no key is left", Assert.Single(_log.Lines).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Reload_LimitsChange_CountFromThenOn()
    {
        var sut = CreateSut(
            out var configuration, ("ApiKeys:a:Keys:one:Sha256", HashOf("key")), ("ApiKeys:a:Limits:RequestsPerMinute", "5"));

        configuration["ApiKeys:a:Limits:RequestsPerMinute"] = "7";
        configuration["ApiKeys:a:Keys:one:Limits:TokensPerMinute"] = "9";
        ((IConfigurationRoot)configuration).Reload();

        var limits = CallerOf(sut, "key")!.Limits!;
        Assert.Equal((7, 9), (limits.OfTenant.RequestsPerMinute, limits.OfKey.TokensPerMinute));
    }

    [Fact]
    public void Reload_SomethingElseChanged_SaysNothing()
    {
        CreateSut(out var configuration, ("ApiKeys:a:Sha256", HashOf("old")));

        configuration["Gateway:RequestTimeout"] = "00:00:30";
        ((IConfigurationRoot)configuration).Reload();

        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void Create_WrongKeys_Throws() => Assert.Throws<OptionsValidationException>(() => CreateSut(out _, ("ApiKeys:a:Sha256", "x")));

    /// <summary>As docs/operations.md says it: secrets are files, and the Gateway runs on.</summary>
    [Fact]
    public async Task Rotate_SecretFiles_NoCallIsRefusedAndNothingIsRestarted()
    {
        await using var redis = new RedisServer();
        await redis.InitializeAsync();
        var secrets = Directory.CreateTempSubdirectory("ai-keys-").FullName;
        try
        {
            var (old, next) = (new TestKey("search"), new TestKey("search"));
            await File.WriteAllTextAsync(Path.Combine(secrets, "ApiKeys__search__Sha256"), HashOf(old.Value));
            await using var gateway = await GatewayHost.StartAsync(redis, $"Secrets:Path={secrets}");
            using var oldClient = old.ClientOf(gateway);
            using var newClient = next.ClientOf(gateway);
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (await StatusAsync(oldClient), await StatusAsync(newClient)));

            await File.WriteAllTextAsync(Path.Combine(secrets, "ApiKeys__search__Keys__next__Sha256"), HashOf(next.Value));
            await Poll.UntilAsync(async () => await StatusAsync(newClient) == HttpStatusCode.OK, "the new key is let in");
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(oldClient));

            File.Delete(Path.Combine(secrets, "ApiKeys__search__Sha256"));
            await Poll.UntilAsync(
                async () => await StatusAsync(oldClient) == HttpStatusCode.Unauthorized, "the old key is not let in any more");
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(newClient));
        }
        finally
        {
            Directory.Delete(secrets, recursive: true);
        }
    }

    public void Dispose()
    {
        foreach (var one in _created) one.Dispose();
    }

    private static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private static Caller? CallerOf(ApiKeys sut, string key) => sut.TryIdentify($"Bearer {key}", out var caller, out _) ? caller : null;

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client)
    {
        using var response = await client.GetAsync("/v1/models");
        return response.StatusCode;
    }

    /// <summary>The configuration has these settings only, as when files were written and deleted.</summary>
    private static void Replace(ConfigurationManager configuration, params (string Key, string Value)[] settings)
    {
        configuration.Sources.Clear();
        configuration.AddInMemoryCollection(settings.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value)));
    }

    private ApiKeys CreateSut(out ConfigurationManager configuration, params (string Key, string Value)[] settings)
    {
        configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection(settings.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value)));
        _created.Add(configuration);
        var sut = new ApiKeys(configuration, Options.Create(new LimitsOptions()), _time, _log);
        _created.Add(sut);
        return sut;
    }

    private sealed class KeptLog : ILogger<ApiKeys>
    {
        public List<(LogLevel Level, string Text)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add((logLevel, formatter(state, exception)));
    }
}
