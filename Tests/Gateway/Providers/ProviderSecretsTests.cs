using AiPlatform.Gateway.Providers.Configuration;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>The keys of providers are in no log, exception or answer, wherever the configuration has them.</summary>
public sealed class ProviderSecretsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Secret = "sk-very-secret-4711";

    /// <summary>An invalid key in its place, and a key at a wrong place.</summary>
    public static TheoryData<string> WrongSettings =>
    [
        $"Providers:p:ApiKey={Secret} and a blank", $"Providers:p:ApiKye={Secret}", $"Providers:p:BaseUrl={Secret}",
        $"Providers:p:BaseUrl=https://{Secret}@p.example/v1",
        $"Providers:p:BaseUrl=https://p.example/v1?key={Secret}", $"Providers:p:BaseUrl=https://user:{Secret}@[", $"Providers:p:MaxConcurrentCalls={Secret}",
        $"Providers:p:ConnectTimeout={Secret}", $"Providers:p:AskStreamUsage={Secret}", $"Providers:p:ApiKeyHeader={Secret} {Secret}",
        $"Models:m:Timeout={Secret}", $"Models:m:MaxRetries={Secret}",
    ];

    [Theory]
    [MemberData(nameof(WrongSettings))]
    public void Read_WrongSetting_IsSaidWithoutTheKey(string setting)
    {
        var error = Assert.Throws<OptionsValidationException>(() => ProviderSettingsReader.Read(Configuration(setting)));

        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        Assert.Contains(string.Join(':', setting.Split(':', '=').Take(2)), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WrongSettings))]
    public void Reload_WrongSetting_IsLoggedWithoutTheKey(string setting)
    {
        var configuration = Configuration($"Providers:p:ApiKey={Secret}");
        var log = new List<string>();
        using var loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(new ListLogger(log)));
        using var sut = new ProviderCatalog(configuration, TimeProvider.System, loggers.CreateLogger<ProviderCatalog>());
        var pair = setting.Split('=', 2);

        configuration[pair[0]] = pair[1];
        configuration.Reload();

        Assert.Contains(log, line => line.Contains("is invalid, so the previous one stays in use", StringComparison.Ordinal));
        Assert.DoesNotContain(log, line => line.Contains(Secret, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(422)]
    [InlineData(429)]
    [InlineData(500)]
    public async Task Chat_ProviderRepeatsTheKeyInAnError_CallersDoNotSeeIt(int status)
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Script(
            FakeProvider.Fails(status, FakeProvider.Key, $"Wrong key: Bearer {FakeProvider.Key}.", ("X-Key", FakeProvider.Key)),
            FakeProvider.Json($$$"""{"error":"{{{FakeProvider.Key}}}"}""", status),
            FakeProvider.Answers(status, "text/plain", FakeProvider.Key));

        for (var i = 0; i < 3; i++)
        {
            var reply = await sut.ChatAsync();

            Assert.InRange(reply.Status, 400, 599);
            Assert.DoesNotContain(FakeProvider.Key, reply.Body + reply.Headers, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("message")]
    [InlineData("param")]
    [InlineData("code")]
    [InlineData("more")]
    public async Task Chat_ProviderRepeatsTheKeyEncoded_CallersDoNotSeeIt(string field)
    {
        await using var sut = await ProviderGateway.StartAsync(redis);
        var escaped = string.Concat(FakeProvider.Key.Select(one => $"\\u{(int)one:x4}"));
        var base64 = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"Bearer {FakeProvider.Key}"));
        string[] forms = [escaped, base64];
        sut.Provider.Script([.. forms.Select(form => FakeProvider.Json(
            $$$"""{"error":{"message":"No.","type":"t","param":null,"code":"bad","{{{field}}}":"{{{form}}}"} }""", 400))]);

        foreach (var form in forms)
        {
            var reply = await sut.ChatAsync();

            Assert.Equal(400, reply.Status);
            Assert.DoesNotContain(form, reply.Body, StringComparison.Ordinal);
            Assert.DoesNotContain(FakeProvider.Key, reply.Json.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(
                FakeProvider.Key, reply.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Chat_ProviderRepeatsTheKeyAsItsContentType_CallersDoNotSeeIt()
    {
        await using var sut = await ProviderGateway.StartAsync(redis, "Models:gpt:MaxRetries=0");
        sut.Provider.Otherwise = FakeProvider.Answers(200, $"text/{FakeProvider.Key}", "no");

        Assert.DoesNotContain(FakeProvider.Key, (await sut.ChatAsync()).Body, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeProvider.Key, (await sut.ChatAsync("\"stream\":true")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("invalid_request_error")]
    [InlineData("server_error")]
    public async Task Stream_ProviderRepeatsTheKeyInAnErrorEvent_CallersDoNotSeeIt(string code)
    {
        await using var sut = await ProviderGateway.StartAsync(redis);
        sut.Provider.Script(FakeProvider.Streams(
            [FakeProvider.Chunk("begun"), $$$"""{"error":{"message":"Wrong key {{{FakeProvider.Key}}}","code":"{{{code}}}","param":"{{{FakeProvider.Key}}}"}}"""], done: false));

        var reply = await sut.ChatAsync("\"stream\":true");

        Assert.Contains("\"error\"", reply.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeProvider.Key, reply.Body, StringComparison.Ordinal);
    }

    private static IConfigurationRoot Configuration(string setting)
    {
        string[] settings = ["Providers:p:BaseUrl=https://p.example/v1", "Models:m:Provider=p", setting];
        return new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(one => one.Split('=', 2)).GroupBy(pair => pair[0]).Select(
                pairs => new KeyValuePair<string, string?>(pairs.Key, pairs.Last()[1])))
            .Build();
    }

    private sealed class ListLogger(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
