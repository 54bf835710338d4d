using AiPlatform.Client;
using Xunit;

namespace AiPlatform.Tests.Client;

/// <summary>Connection strings, and the ranges of settings.</summary>
public sealed class ClientOptionsTests
{
    [Theory]
    [InlineData("Endpoint=https://ai.example;Key=k-1;Model=m", "https://ai.example/", "k-1", "m")]
    [InlineData(" endpoint = http://a:1 ; MODEL = m/2 ; ", "http://a:1/", null, "m/2")]
    [InlineData("Endpoint=http://a;Key=a=b==", "http://a/", "a=b==", null)]
    [InlineData("http://127.0.0.1:8080", "http://127.0.0.1:8080/", null, null)]
    public void Parse_ConnectionString_GivesItsParts(string text, string endpoint, string? key, string? model)
    {
        var options = AiPlatformClientOptions.Parse(text);

        Assert.Equal((endpoint, key, model), (options.Endpoint.ToString(), options.Key, options.Model));
    }

    [Theory]
    [InlineData("", "Endpoint is ''")]
    [InlineData("Key=secret", "no Endpoint")]
    [InlineData("Endpoint=;Key=secret", "'Endpoint' without a value")]
    [InlineData("Endpoint=ftp://a;Key=secret", "Endpoint is 'ftp://a'")]
    [InlineData("Endpoint=http://a;Key=secret;Colour=red", "unknown name 'Colour'")]
    [InlineData("Endpoint=http://a;endpoint=http://b", "'endpoint' twice")]
    [InlineData("Endpoint=http://user:secret@a", "Key is the caller's key")]
    [InlineData("http://user:secret@a b", "Key is the caller's key")]
    [InlineData("localhost:8080", "Endpoint is 'localhost:8080'")]
    public void Parse_WrongForm_SaysWhatWithoutTheKey(string text, string expected)
    {
        var error = Assert.Throws<FormatException>(() => AiPlatformClientOptions.Parse(text));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Client_ValueOutOfRange_IsRefusedByName()
    {
        Assert.Contains("Timeout is", Refusal(options => options.Timeout = TimeSpan.Zero), StringComparison.Ordinal);
        Assert.Contains(
            "Timeout is infinite", Refusal(options => options.Timeout = Timeout.InfiniteTimeSpan), StringComparison.Ordinal);
        Assert.Contains("MaxRetries is 21", Refusal(options => options.MaxRetries = 21), StringComparison.Ordinal);
        Assert.Contains("MaxRetryDelay is", Refusal(options => options.MaxRetryDelay = TimeSpan.FromHours(1)), StringComparison.Ordinal);
        Assert.Contains("Key is the", Refusal(options => options.Endpoint = new Uri("http://user:pw@a")), StringComparison.Ordinal);
        Assert.Contains("Key is empty", Refusal(options => options.Key = "a\nb"), StringComparison.Ordinal);
        Assert.Contains("Endpoint is", Refusal(options => options.Endpoint = new Uri("ftp://a")), StringComparison.Ordinal);
    }

    [Fact]
    public void GetChatClient_NoModelAnywhere_SaysHowToNameOne()
    {
        using var sut = new AiPlatformClient(new AiPlatformClientOptions());

        Assert.Contains("Name a model", Assert.Throws<ArgumentException>(() => sut.GetChatClient()).Message, StringComparison.Ordinal);
    }

    private static string Refusal(Action<AiPlatformClientOptions> change)
    {
        var options = new AiPlatformClientOptions();
        change(options);
        return Assert.Throws<ArgumentException>(() => new AiPlatformClient(options)).Message;
    }
}
