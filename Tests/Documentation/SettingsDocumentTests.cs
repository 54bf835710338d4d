using Xunit;

namespace AiPlatform.Tests.Documentation;

/// <summary>docs/settings.md has the settings of the options' types, with their defaults, ranges and units.</summary>
public sealed class SettingsDocumentTests
{
    /// <summary>With <c>AI_WRITE_DOCS=1</c> the test writes the file instead of comparing it (<c>eng/write-settings</c>).</summary>
    [Fact]
    public void SettingsOfEveryOptionsType_AreInTheDocument()
    {
        var document = File.ReadAllText(SettingsDocument.Path);
        var start = document.IndexOf(SettingsDocument.Begin, StringComparison.Ordinal) + SettingsDocument.Begin.Length;
        var end = document.IndexOf(SettingsDocument.End, StringComparison.Ordinal);
        Assert.InRange(start, SettingsDocument.Begin.Length, end);

        var expected = $"{document[..start]}\n{SettingsDocument.Make()}{document[end..]}";

        if (Environment.GetEnvironmentVariable("AI_WRITE_DOCS") == "1") File.WriteAllText(SettingsDocument.Path, expected);
        else Assert.True(document == expected, "docs/settings.md differs from the options' types: run eng/write-settings.");
    }
}
