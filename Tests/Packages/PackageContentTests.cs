using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using Xunit;

namespace AiPlatform.Tests.Packages;

/// <summary>What every package has.</summary>
[Collection(nameof(PackedFeed))]
[Trait("Category", "Long")]
public sealed class PackageContentTests(PackedFeed feed)
{
    [Fact]
    public async Task Packages_AllHaveReadmeIconLicenceSymbolsAndCommit_AndNoPathOfTheMachine()
    {
        string[] libraries = ["AiPlatform.Aspire.Client", "AiPlatform.Aspire.Hosting", "AiPlatform.Client"];
        string[] all = [.. libraries, "AiPlatform.Templates", "AiPlatform.Tool"];

        Assert.Equal(all, Names("*.nupkg"));
        Assert.Equal(libraries, Names("*.snupkg"));
        var commit = (await feed.RunAsync(Checkout.Root, "git", "rev-parse", "HEAD")).Trim();
        Assert.All(Directory.GetFiles(feed.Feed, "*.nupkg"), path => CheckHead(path, commit));
        Assert.All(Directory.GetFiles(feed.Feed), CheckPaths);
    }

    /// <summary>What else a package is not whole without: symbols, documentation, and the settings' schema.</summary>
    [Theory]
    [InlineData("AiPlatform.Client", ".snupkg", "lib/net10.0/AiPlatform.Client.pdb")]
    [InlineData("AiPlatform.Client", ".nupkg", "lib/net10.0/AiPlatform.Client.xml")]
    [InlineData("AiPlatform.Aspire.Client", ".snupkg", "lib/net10.0/AiPlatform.Aspire.Client.pdb")]
    [InlineData("AiPlatform.Aspire.Client", ".nupkg", "lib/net10.0/AiPlatform.Aspire.Client.xml")]
    [InlineData("AiPlatform.Aspire.Client", ".nupkg", "ConfigurationSchema.json")]
    [InlineData("AiPlatform.Aspire.Client", ".nupkg", "buildTransitive/AiPlatform.Aspire.Client.targets")]
    [InlineData("AiPlatform.Aspire.Hosting", ".snupkg", "lib/net10.0/AiPlatform.Aspire.Hosting.pdb")]
    [InlineData("AiPlatform.Aspire.Hosting", ".nupkg", "lib/net10.0/AiPlatform.Aspire.Hosting.xml")]
    [InlineData("AiPlatform.Tool", ".nupkg", "tools/net10.0/any/AiPlatform.Cli.pdb")]
    [InlineData("AiPlatform.Tool", ".nupkg", "tools/net10.0/any/AiPlatform.Client.pdb")]
    [InlineData("AiPlatform.Templates", ".nupkg", "content/.template.config/template.json")]
    public void Package_HasTheFile(string name, string kind, string file)
    {
        using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(feed.Feed, $"{name}.0.*{kind}")));

        Assert.Contains(file, package.Entries.Select(entry => entry.FullName));
    }

    /// <summary>The names of the packages, without their version.</summary>
    private IEnumerable<string> Names(string pattern) =>
        Directory.GetFiles(feed.Feed, pattern).Select(path => Path.GetFileName(path).Split(".0.")[0]).Order(StringComparer.Ordinal);

    /// <param name="path">The package.</param>
    /// <param name="commit">Of which it was packed.</param>
    private static void CheckHead(string path, string commit)
    {
        using var package = ZipFile.OpenRead(path);
        var about = XDocument.Load(package.Entries.Single(entry => entry.Name.EndsWith(".nuspec", StringComparison.Ordinal)).Open())
            .Root!.Elements().Single();
        string? Said(string name) => about.Elements().SingleOrDefault(one => one.Name.LocalName == name)?.Value;

        Assert.Equal(("README.md", "icon.png", "MIT"), (Said("readme"), Said("icon"), Said("license")));
        Assert.Equal("AiPlatform contributors", Said("authors"));
        Assert.True(Said("description")!.Length > 40 && Said("title")!.Length > 0);
        Assert.Contains("inference", Said("tags"), StringComparison.Ordinal);
        var repository = about.Elements().Single(one => one.Name.LocalName == "repository");
        Assert.Equal(("git", commit), (repository.Attribute("type")?.Value, repository.Attribute("commit")?.Value));
        Assert.StartsWith("# ", TextOf("README.md"), StringComparison.Ordinal);
        Assert.StartsWith("MIT License", TextOf("LICENSE"), StringComparison.Ordinal);
        using var icon = package.GetEntry("icon.png")!.Open();
        var head = new byte[24];
        icon.ReadExactly(head);
        Assert.Equal("PNG"u8.ToArray(), head[1..4]);
        Assert.Equal((128, 128), ((head[18] << 8) + head[19], (head[22] << 8) + head[23]));

        string TextOf(string name)
        {
            using var reader = new StreamReader(package.GetEntry(name)!.Open());
            return reader.ReadToEnd();
        }
    }

    /// <summary>The sources in symbols, and the place of the symbols in programs.</summary>
    private static void CheckPaths(string path)
    {
        using var package = ZipFile.OpenRead(path);
        foreach (var entry in package.Entries.Where(entry => entry.Name.StartsWith("AiPlatform.", StringComparison.Ordinal)))
        {
            using var content = new MemoryStream();
            using (var stream = entry.Open()) stream.CopyTo(content);
            content.Position = 0;
            if (entry.Name.EndsWith(".pdb", StringComparison.Ordinal)) CheckSources(content);
            if (entry.Name.EndsWith(".dll", StringComparison.Ordinal)) CheckSymbolsPath(content);
        }
    }

    private static void CheckSources(Stream symbols)
    {
        using var provider = MetadataReaderProvider.FromPortablePdbStream(symbols);
        var reader = provider.GetMetadataReader();
        var sources = reader.Documents.Select(one => reader.GetString(reader.GetDocument(one).Name)).ToList();
        Assert.NotEmpty(sources);
        Assert.All(sources, source => Assert.StartsWith("/_", source, StringComparison.Ordinal));
    }

    private static void CheckSymbolsPath(Stream program)
    {
        using var reader = new PEReader(program);
        var entry = reader.ReadDebugDirectory().Single(one => one.Type == DebugDirectoryEntryType.CodeView);
        Assert.StartsWith("/_", reader.ReadCodeViewDebugDirectoryData(entry).Path, StringComparison.Ordinal);
    }
}
