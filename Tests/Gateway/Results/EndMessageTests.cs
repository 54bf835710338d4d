using System.Text;
using AiPlatform.Gateway.Results;
using AiPlatform.Jobs;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Gateway.Results;

public sealed class EndMessageTests
{
    private const string Key = "01hzzzzzzzzzzzzzzzzzzzzzzz";

    [Fact]
    public void TryParse_SmallResult_BringsItAlong()
    {
        byte[] message = [.. Encoding.UTF8.GetBytes($"m-1 {Key} succeeded 2 text/x\n"), 1, (byte)'\n', 0, 255];

        Assert.True(EndMessage.TryParse(message, out var end));

        Assert.Equal(($"job_{Key}.m-1", JobStatus.Succeeded, 2, "text/x"), (end.Id.ToString(), end.Status, end.Attempt, end.Output!.ContentType));
        Assert.Equal([1, (byte)'\n', 0, 255], end.Output.Content.ToArray());
    }

    [Theory]
    [InlineData("succeeded", JobStatus.Succeeded)]
    [InlineData("failed", JobStatus.Failed)]
    [InlineData("canceled", JobStatus.Canceled)]
    [InlineData("expired", JobStatus.Expired)]
    public void TryParse_NoResult_HasTheStatusOnly(string name, JobStatus status)
    {
        Assert.True(EndMessage.TryParse(Encoding.UTF8.GetBytes($"m {Key} {name} 0 \n"), out var end));

        Assert.Equal((status, null), (end.Status, end.Output));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("m " + Key + " succeeded 1 x")]
    [InlineData("m " + Key + " running 1 x\n")]
    [InlineData("m " + Key + " succeeded -1 x\n")]
    [InlineData("m " + Key + " succeeded 1\n")]
    [InlineData("M " + Key + " succeeded 1 x\n")]
    [InlineData("m short succeeded 1 x\n")]
    public void TryParse_AnythingElse_IsRefused(string message) => Assert.False(EndMessage.TryParse(Encoding.UTF8.GetBytes(message), out _));

    [Fact]
    public void TryParse_AnyBytes_NeverThrows() => FsCheck.Check.One(
        FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll<byte[]>(bytes => EndMessage.TryParse(bytes, out _) || true));
}
