using System.Text;
using System.Text.RegularExpressions;

namespace AiPlatform.Tests.Documentation;

/// <summary>A Markdown file of the checkout, with its links and its anchors.</summary>
internal sealed partial record MarkdownFile(string Path)
{
    private static readonly string[] Folders = ["docs", "deploy", "models", "Benchmarks", "Tests"];

    [GeneratedRegex(@"(?<!!)\[[^\]]*\]\(([^()\s]+)\)")]
    private static partial Regex Link { get; }

    [GeneratedRegex("^#{1,6} (.+)$")]
    private static partial Regex Heading { get; }

    /// <summary>The files at the root and below the folders that have some.</summary>
    public static IReadOnlyList<MarkdownFile> ReadAll() =>
    [
        .. Directory.EnumerateFiles(Checkout.Root, "*.md")
            .Concat(Folders.SelectMany(folder => Directory.EnumerateFiles(
                System.IO.Path.Combine(Checkout.Root, folder), "*.md", SearchOption.AllDirectories)))
            .Select(path => new MarkdownFile(path)),
    ];

    /// <summary>The path as people write it, from the root.</summary>
    public string Name => System.IO.Path.GetRelativePath(Checkout.Root, Path);

    /// <summary>The targets of its links within the checkout.</summary>
    public IEnumerable<string> Links => Prose()
        .SelectMany(line => Link.Matches(line))
        .Select(link => link.Groups[1].Value)
        .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal));

    /// <summary>The anchors of its headings, as GitHub makes them.</summary>
    public IReadOnlySet<string> Anchors()
    {
        HashSet<string> anchors = [];
        foreach (var heading in Prose().Select(line => Heading.Match(line)).Where(heading => heading.Success))
        {
            var anchor = AnchorOf(heading.Groups[1].Value);
            for (var twin = 0; !anchors.Add(twin == 0 ? anchor : $"{anchor}-{twin}"); twin++) { }
        }

        return anchors;
    }

    private static string AnchorOf(string heading)
    {
        var anchor = new StringBuilder();
        foreach (var letter in heading)
        {
            if (char.IsLetterOrDigit(letter) || letter is '-' or '_') anchor.Append(char.ToLowerInvariant(letter));
            else if (letter == ' ') anchor.Append('-');
        }

        return anchor.ToString();
    }

    /// <summary>The lines outside blocks of code.</summary>
    private IEnumerable<string> Prose()
    {
        var code = false;
        foreach (var line in File.ReadLines(Path))
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) code = !code;
            else if (!code) yield return line;
        }
    }
}
