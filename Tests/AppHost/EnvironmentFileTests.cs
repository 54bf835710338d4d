using AiPlatform.AppHost.Publishing;
using Xunit;

namespace AiPlatform.Tests.AppHost;

public sealed class EnvironmentFileTests
{
    [Theory]
    // The model has another value: it is taken unless somebody has set one.
    [InlineData("A=1", "A=1", "A=2", "A=2", "")]
    [InlineData("A=7", "A=1", "A=2", "A=7", "A!")]
    [InlineData("A=7", "A=1", "A=7", "A=7", "")]
    [InlineData("A=", "A=", "A=2", "A=2", "")]
    [InlineData("# A=5", "A=1", "A=2", "A=2", "")]
    // A place for a secret.
    [InlineData("A=sesame", "A=", "A=", "A=sesame", "A")]
    [InlineData("A=sesame", "A=sesame", "A=", "A=sesame", "A")]
    [InlineData("A=", "A=", "A=", "A=", "")]
    // Nobody knows what was written last.
    [InlineData("A=sesame\nB=3", null, "A=\nB=4", "A=sesame\nB=3", "A B!")]
    // Variables that the model does not have, or no longer.
    [InlineData("A=1\nMINE=x", "A=1", "A=1", "A=1\nMINE=x", "MINE")]
    [InlineData("A=1\nB=2", "A=1\nB=2", "A=1", "A=1", "")]
    [InlineData("A=1\nB=3", "A=1\nB=2", "A=1", "A=1\nB=3", "B")]
    // Forms of lines.
    [InlineData("export A = 7\n# my note\nB: 8", "A=1", "A=2\nB=", "export A = 7\n# my note\nB: 8", "A! B")]
    [InlineData("# A=5\nA=1", "A=1", "A=2", "# A=5\nA=2", "")]
    [InlineData("X__a-b.c__Y='1 2'", "X__a-b.c__Y=", "X__a-b.c__Y=", "X__a-b.c__Y='1 2'", "X__a-b.c__Y")]
    [InlineData("A=1", "A=1", "A=1\n# The key of B.\nB=", "A=1\n# The key of B.\nB=", "")]
    [InlineData("# B=9\nA=1", "A=1", "A=1\n# The key of B.\nB=2", "B=2\nA=1", "")]
    public void TakeOver_AnotherVersion_LeavesWhatSomebodyHasSet(string now, string? last, string wanted, string expected, string kept)
    {
        var sut = new EnvironmentFile(now);

        var said = sut.TakeOver(last is null ? null : new EnvironmentFile(last), new EnvironmentFile(wanted));

        Assert.Equal(expected, sut.ToString().TrimEnd('\n'));
        Assert.Equal(kept, string.Join(' ', said.Select(one => $"{one.Name}{(one.IsOtherwise ? "!" : "")}")));
    }

    [Theory]
    [InlineData("http://collector:4317", "http://collector:4317")]
    [InlineData("a b", "'a b'")]
    [InlineData("$HOME #1", "'$HOME #1'")]
    [InlineData("it's", @"'it\'s'")]
    public void Set_AnyValue_IsWrittenSoThatNothingInItIsReplaced(string value, string written)
    {
        var sut = new EnvironmentFile("# A=1");

        sut.Set("A", value);

        Assert.Equal($"A={written}\n", sut.ToString());
    }
}
