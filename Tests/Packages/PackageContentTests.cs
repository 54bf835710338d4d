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
    public void Packages_AllHaveReadmeIconLicenceAndSymbols_AndNoPathOfTheMachine()
    {
        string[] libraries = ["AiPlatform.Aspire.Client", "AiPlatform.Aspire.Hosting", "AiPlatform.Client"];
        string[] all = [.. libraries, "AiPlatform.Templates", "AiPlatform.Tool"];

        Assert.Equal(all, Names("*.nupkg"));
        Assert.Equal(libraries, Names("*.snupkg"));
        Assert.All(Directory.GetFiles(feed.Feed, "*.nupkg"), CheckHead);
        Assert.All(Directory.GetFiles(feed.Feed), CheckPaths);
    }

    /// <summary>The names of the packages, without their version.</summary>
    private IEnumerable<string> Names(string pattern) =>
        Directory.GetFiles(feed.Feed, pattern).Select(path => Path.GetFileName(path).Split(".0.")[0]).Order(StringComparer.Ordinal);

    private static void CheckHead(string path)
    {
        using var package = ZipFile.OpenRead(path);
        var about = XDocument.Load(package.Entries.Single(entry => entry.Name.EndsWith(".nuspec", StringComparison.Ordinal)).Open())
            .Root!.Elements().Single();
        string? Said(string name) => about.Elements().SingleOrDefault(one => one.Name.LocalName == name)?.Value;

        Assert.Equal(("README.md", "icon.png", "MIT"), (Said("readme"), Said("icon"), Said("license")));
        Assert.Equal("AiPlatform contributors", Said("authors"));
        Assert.True(Said("description")!.Length > 40 && Said("title")!.Length > 0);
        Assert.Contains("inference", Said("tags"), StringComparison.Ordinal);
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
