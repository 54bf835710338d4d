using System.Text.RegularExpressions;
using Xunit;

namespace AiPlatform.Tests.Documentation;

/// <summary>Everything that the documents refer to exists.</summary>
public sealed partial class DocumentTests
{
    private const int MostWordsOfReadme = 1_200;

    [GeneratedRegex(@"\bdocs/[A-Za-z0-9/_-]+\.md")]
    private static partial Regex DocumentName { get; }

    [Fact]
    public void Links_OfAllDocuments_LeadToFilesAndHeadings()
    {
        var files = MarkdownFile.ReadAll();
        Assert.Contains(files, file => file.Name == "README.md" && file.Links.Any());

        var dead = from file in files
                   from link in file.Links
                   where !IsThere(file, link)
                   select $"{file.Name}: {link}";

        Assert.Empty(dead);
    }

    [Fact]
    public void DocumentsThatSourcesName_AreThere()
    {
        string[] folders = ["Gateway", "InferenceWorker", "Jobs", "ServiceDefaults", "AppHost", "Chaos", "deploy", "eng"];
        var sources = folders.SelectMany(
            folder => Directory.EnumerateFiles(Path.Combine(Checkout.Root, folder), "*", SearchOption.AllDirectories))
            .Append(Path.Combine(Checkout.Root, "ai"));

        var missing = from source in sources
                      from name in DocumentName.Matches(File.ReadAllText(source))
                      where !File.Exists(Path.Combine(Checkout.Root, name.Value))
                      select $"{source}: {name.Value}";

        Assert.Empty(missing);
    }

    [Fact]
    public void Decisions_AreInTheirIndex()
    {
        var folder = Path.Combine(Checkout.Root, "docs", "decisions");
        var index = new MarkdownFile(Path.Combine(folder, "README.md"));

        var files = Directory.EnumerateFiles(folder, "*.md").Select(Path.GetFileName).Except(["README.md"]).Order(StringComparer.Ordinal);

        Assert.Equal(files, index.Links.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Readme_IsShort()
    {
        var words = File.ReadAllText(Path.Combine(Checkout.Root, "README.md")).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

        Assert.InRange(words.Length, 1, MostWordsOfReadme);
    }

    private static bool IsThere(MarkdownFile file, string link)
    {
        var (path, anchor) = link.Split('#', 2) is [var before, var after] ? (before, after) : (link, null);
        var target = path.Length == 0 ? file.Path : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file.Path)!, path));
        return anchor is null ? Path.Exists(target) : File.Exists(target) && new MarkdownFile(target).Anchors().Contains(anchor);
    }
}
