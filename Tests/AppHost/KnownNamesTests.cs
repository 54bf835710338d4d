using System.Text.RegularExpressions;
using AiPlatform.AppHost;
using Aspire.Hosting;
using Xunit;

namespace AiPlatform.Tests.AppHost;

public sealed partial class KnownNamesTests
{
    private static readonly string Hash = new('a', 64);

    [GeneratedRegex("`((?:ApiKeys|Providers):[^`]+)`")]
    private static partial Regex Name { get; }

    [Fact]
    public void Require_EveryNameInTheDocument_IsTaken()
    {
        var names = Name.Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "settings.md")))
            .Select(match => match.Groups[1].Value)
            .Where(name => name.Contains('{', StringComparison.Ordinal))
            .Select(name => Regex.Replace(name, @"\{\w+}", "mine").Replace(":…", ":RequestsPerMinute", StringComparison.Ordinal))
            .Distinct().ToList();

        Assert.True(names.Count > 15, string.Join(' ', names));
        Assert.All(names, name => KnownNames.Require(name, Hash));
        Assert.All(names, name => KnownNames.Require(name.ToUpperInvariant(), Hash));
    }

    [Theory]
    [InlineData("ApiKeys:search:Key")]
    [InlineData("ApiKeys:search")]
    [InlineData("ApiKeys:search:Keys:new")]
    [InlineData("ApiKeys:search:Keys:new:Role")]
    [InlineData("apikeys:search:secret")]
    [InlineData("Providers:openai")]
    [InlineData("Providers:openai:Key")]
    public void Require_AnotherName_IsRefusedWithoutItsValue(string name)
    {
        var refused = Assert.Throws<DistributedApplicationException>(() => KnownNames.Require(name, "sesame"));

        Assert.StartsWith($"{name} is no setting", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", refused.Message, StringComparison.Ordinal);
    }
}
