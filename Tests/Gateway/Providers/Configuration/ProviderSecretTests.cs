using System.Text;
using AiPlatform.Gateway.Providers.Configuration;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Configuration;

public sealed class ProviderSecretTests
{
    private const string Key = "sk-proj/Ab12+Cd34_Ef56";

    public static TheoryData<string> Shown =>
    [
        Key, $"Bearer {Key}.", Key[3..15], $"{Key[^12..]}…", Escaped(Key), Escaped(Key[5..17]), Key.Replace("/", "\\/", StringComparison.Ordinal),
        Escaped(Key).Replace("\\", "\\\\", StringComparison.Ordinal), Uri.EscapeDataString(Key), Percent(Key), Percent(Key).Replace("%", "%25", StringComparison.Ordinal),
        Base64(Key), Base64($"Bearer {Key}"), Base64($"user:{Key}@"), Base64($"x{Key}").Replace('+', '-').Replace('/', '_').TrimEnd('='),
        Base64(Key[4..16]),
        Convert.ToHexString(Encoding.UTF8.GetBytes(Key)), Convert.ToHexStringLower(Encoding.UTF8.GetBytes(Key[1..13])),
    ];

    [Theory]
    [MemberData(nameof(Shown))]
    public void IsIn_AnyFormOfTheKey_IsFound(string form)
    {
        var sut = new ProviderSecret(Key);
        var text = $$$"""{"error":{"message":"The key {{{form}}} is wrong."}}""";

        Assert.True(sut.IsIn(text));
        Assert.DoesNotContain(form, sut.Redact(text) ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Incorrect API key provided: sk-proj/Ab1***Ef56.")]
    [InlineData("""{"error":{"message":"100 % of \u0041 \\u004 %zz %2","code":null}}""")]
    public void IsIn_OtherText_IsNot(string text)
    {
        var sut = new ProviderSecret(Key);

        Assert.False(sut.IsIn(text));
        Assert.Equal(text, sut.Redact(text));
    }

    [Fact]
    public void Redact_KeyAsItIs_IsCutOut() => Assert.Equal("Wrong key: ***.", new ProviderSecret(Key).Redact($"Wrong key: {Key}."));

    [Fact]
    public void IsIn_NoKey_IsNever() => Assert.False(new ProviderSecret("").IsIn("anything"));

    [Fact]
    public void IsIn_ShortKey_IsFoundWhole()
    {
        Assert.True(new ProviderSecret("none").IsIn("Bearer none"));
        Assert.False(new ProviderSecret("none").IsIn("no key"));
    }

    private static string Escaped(string text) => string.Concat(text.Select(one => $"\\u{(int)one:x4}"));

    private static string Percent(string text) => string.Concat(text.Select(one => $"%{(int)one:X2}"));

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
