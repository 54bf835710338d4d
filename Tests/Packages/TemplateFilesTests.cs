using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace AiPlatform.Tests.Packages;

/// <summary>The template's files as they lie in the checkout.</summary>
public sealed partial class TemplateFilesTests
{
    [GeneratedRegex("<PackageReference Include=\"(?<name>[^\"]+)\" Version=\"(?<version>[^\"]+)\"")]
    private static partial Regex Reference { get; }

    [Fact]
    public void Packages_OfTheTemplate_AreThoseOfTheProduct()
    {
        var known = XDocument.Load(Path.Combine(Checkout.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(one => one.Attribute("Include")!.Value, one => one.Attribute("Version")!.Value);
        var projects = Directory.GetFiles(Path.Combine(Checkout.Root, "Templates", "content"), "*.csproj", SearchOption.AllDirectories);
        var named = projects.SelectMany(project => Reference.Matches(File.ReadAllText(project)))
            .Select(one => (Name: one.Groups["name"].Value, Version: one.Groups["version"].Value)).ToList();

        Assert.True(named.Count > 8);
        Assert.All(named, one => Assert.Equal(
            one.Name.StartsWith("AiPlatform.", StringComparison.Ordinal) ? "PLATFORM-VERSION" : known[one.Name], one.Version));
        var sdk = File.ReadLines(Path.Combine(Checkout.Root, "AppHost", "AppHost.csproj")).First();
        Assert.Contains(projects, project => File.ReadLines(project).First() == sdk);
    }
}
