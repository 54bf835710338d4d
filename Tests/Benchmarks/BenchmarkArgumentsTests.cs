using AiPlatform.Benchmarks;
using Xunit;

namespace AiPlatform.Tests.Benchmarks;

public sealed class BenchmarkArgumentsTests
{
    private static readonly string[] Known = ["queue", "jobs"];

    [Fact]
    public void TryParse_NamesAndRuns_TakesBoth()
    {
        var arguments = BenchmarkArguments.TryParse(["queue", "--runs", "7", "jobs"], Known);

        Assert.Equal(["queue", "jobs"], arguments!.Names);
        Assert.Equal(7, arguments.Runs);
    }

    [Fact]
    public void TryParse_OnlyThePlots_NeedsNoName()
    {
        var arguments = BenchmarkArguments.TryParse(["--plot"], Known);

        Assert.True(arguments!.Plots);
        Assert.Empty(arguments.Names);
    }

    [Theory]
    [InlineData("")]
    [InlineData("unknown")]
    [InlineData("--runs 5")]
    [InlineData("queue --runs")]
    [InlineData("queue --runs 0")]
    [InlineData("queue --runs x")]
    public void TryParse_AnythingElse_IsNull(string line) =>
        Assert.Null(BenchmarkArguments.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), Known));
}
