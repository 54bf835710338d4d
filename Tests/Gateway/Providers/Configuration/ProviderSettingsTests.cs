using AiPlatform.Gateway.Providers.Configuration;
using AiPlatform.Gateway.Providers.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Configuration;

public sealed class ProviderSettingsTests
{
    private static readonly string[] Right = ["Providers:p:BaseUrl=https://p.example/v1", "Models:m:Provider=p"];

    [Fact]
    public void Read_WorkersSettingsInTheSameSection_AreNotModels()
    {
        var settings = Read([.. Right, "Models:Path=/models", "Models:Load:0=a", "Models:Load:1=b"]);

        Assert.Equal(["m"], settings.Models.Keys);
    }

    [Fact]
    public void Read_NameThatNoKeyCanHold_IsAValue()
    {
        var settings = Read([.. Right, "Models:x:Name=llama3:8b", "Models:x:Provider=p"]);

        Assert.Contains("llama3:8b", settings.Models.Keys);
    }

    [Theory]
    [InlineData("Providers:p:BaseUrl=/v1", "Providers:p:BaseUrl")]
    [InlineData("Providers:p:BaseUrl=ftp://x/v1", "Providers:p:BaseUrl")]
    [InlineData("Providers:p:BaseUrl=https://user:secret@x/v1", "Providers:p:BaseUrl")]
    [InlineData("Providers:q:ApiKey=x", "Providers:q")]
    [InlineData("Providers:p:ApiKey=a b", "Providers:p:ApiKey")]
    [InlineData("Providers:p:ApiKye=x", "Providers:p")]
    [InlineData("Providers:p:MaxConcurrentCalls=0", "Providers:p")]
    [InlineData("Models:m:Provider=q", "Models:m:Provider")]
    [InlineData("Models:n:UpstreamModel=x", "Models:n")]
    [InlineData("Models:m:Timeout=soon", "Models:m")]
    [InlineData("Models:m:Timeout=00:00:00", "Models:m")]
    [InlineData("Models:m:MaxRetries=11", "Models:m")]
    [InlineData("Models:m:Fallbacks:0=nobody", "Models:m:Fallbacks")]
    [InlineData("Models:m:Fallbacks:0=m", "Models:m:Fallbacks")]
    [InlineData("Providers:workers:BaseUrl=https://x/v1", "Providers:workers")]
    [InlineData("Models:m:AttemptTimeout=00:20:00", "Models:m:AttemptTimeout")]
    [InlineData("Models:m:Tiemout=00:02:00", "Models:m")]
    public void Read_Wrong_NamesTheKey(string setting, string key)
    {
        var error = Assert.Throws<OptionsValidationException>(() => Read([.. Right, setting]));

        Assert.Contains(key, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_WrongKey_IsNotRepeated()
    {
        var error = Assert.Throws<OptionsValidationException>(() => Read([.. Right, "Providers:p:ApiKey=sk secret"]));

        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_Printed_DoNotShowTheKey() =>
        Assert.DoesNotContain("secret", new ProviderOptions { BaseUrl = new Uri("https://x/v1"), ApiKey = "secret" }.ToString(), StringComparison.Ordinal);

    [Fact]
    public void Reload_RightOrWrong_IsTakenOverOnlyIfRight()
    {
        var configuration = (IConfigurationRoot)Configuration(Right);
        using var sut = new ProviderCatalog(configuration, TimeProvider.System, NullLogger<ProviderCatalog>.Instance);
        var before = sut.Routes;

        configuration["Models:n:Provider"] = "p";
        configuration.Reload();
        var added = sut.Routes;
        configuration["Models:n:Provider"] = "nobody";
        configuration.Reload();

        Assert.NotNull(added.Find("n"));
        Assert.Null(before.Find("n"));
        Assert.Same(added, sut.Routes);
        Assert.Same(before.Providers[0], added.Providers[0]);
        Assert.True(sut.ChangedFrom(before).IsCompleted);
        Assert.False(sut.ChangedFrom(added).IsCompleted);
    }

    private static ProviderSettings Read(string[] settings) => ProviderSettingsReader.Read(Configuration(settings));

    private static IConfiguration Configuration(string[] settings) => new ConfigurationBuilder()
        // If a key occurs twice, the last one counts.
        .AddInMemoryCollection(settings.Select(one => one.Split('=', 2)).GroupBy(pair => pair[0]).Select(
            pairs => new KeyValuePair<string, string?>(pairs.Key, pairs.Last()[1])))
        .Build();
}
