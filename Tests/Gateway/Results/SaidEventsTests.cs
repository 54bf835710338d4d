using System.Text;
using AiPlatform.Gateway.Results;
using AiPlatform.Jobs;
using Xunit;

namespace AiPlatform.Tests.Gateway.Results;

public sealed class SaidEventsTests
{
    [Fact]
    public void MoveNext_SeveralJobs_GivesEachItsEventsWithTheirNumbers()
    {
        var (said, isReadable) = Read("a 3 2\noutput \"x y\"\nprogress {}\nb 7 1\noutput \"ü\"\n");

        Assert.True(isReadable);
        Assert.Equal(["a", "b"], said.Select(one => one.Key));
        Assert.Equal([new(3, JobEvent.Output, "\"x y\""), new(4, JobEvent.Progress, "{}")], said[0].Events);
        Assert.Equal([new JobEvent(7, JobEvent.Output, "\"ü\"")], said[1].Events);
    }

    [Theory]
    [InlineData("", 0, true)]
    [InlineData("\n", 0, false)]
    [InlineData("a", 0, false)]
    [InlineData("a 1\n", 0, false)]
    [InlineData("a 0 1\noutput 1\n", 0, false)]
    [InlineData("a -1 1\noutput 1\n", 0, false)]
    [InlineData("a 1 x\noutput 1\n", 0, false)]
    [InlineData("a 1 1 1\noutput 1\n", 0, false)]
    [InlineData("a 1 2147483647\noutput 1\n", 0, false)]
    [InlineData("a 1 99999999999999999999\noutput 1\n", 0, false)]
    [InlineData("a 1 1\noutput 1\nb 1 2\noutput 1\n", 1, false)]
    [InlineData("a 1 1\noutput\n", 0, false)]
    public void MoveNext_SomethingElse_SaysSoAndGivesWhatWasBefore(string entries, int jobs, bool expected)
    {
        var (said, isReadable) = Read(entries);

        Assert.Equal((jobs, expected), (said.Count, isReadable));
    }

    private static (List<(string Key, JobEvent[] Events)> Said, bool IsReadable) Read(string entries)
    {
        var sut = new SaidEvents("q", Encoding.UTF8.GetBytes(entries));
        List<(string, JobEvent[])> said = [];
        while (sut.MoveNext()) said.Add((sut.Key, [.. sut.Events]));
        return (said, sut.IsReadable);
    }
}
