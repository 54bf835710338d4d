using System.Text;
using AiPlatform.Gateway.Results;
using AiPlatform.Jobs;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Gateway.Results;

public sealed class EndedJobsTests
{
    private const string Key = "01hzzzzzzzzzzzzzzzzzzzzzzz";
    private const string Record = "1\t1700000000000\t1700000060000\td\t5\tanonymous\t/v1/embeddings\ts=succeeded\ta=2\th=q0 r5 q7 r9 s12\to=text/x\n";

    [Fact]
    public void MoveNext_SeveralJobs_GivesEachWithItsResult()
    {
        byte[] content = [1, (byte)'\n', 0, 255];
        byte[] entries =
        [
            .. Encoding.UTF8.GetBytes($"{Key} 1 {Record.Length + content.Length}\n{Record}"), .. content,
            .. Encoding.UTF8.GetBytes($"{Key} 0 {Record.Length}\n{Record}"),
        ];
        var sut = new EndedJobs("m-1", entries);

        Assert.True(sut.MoveNext());
        var job = sut.Read()!;
        Assert.Equal(
            ($"job_{Key}.m-1", JobStatus.Succeeded, 2, "text/x"), (job.Id.ToString(), job.Status, job.Attempts, job.Output!.ContentType));
        Assert.Equal(content, job.Output.Content.ToArray());
        Assert.True(sut.MoveNext());
        Assert.Null(sut.Read());
        Assert.False(sut.MoveNext());
        Assert.True(sut.IsReadable);
    }

    [Theory]
    [InlineData("M", "")]
    [InlineData("m", "x")]
    [InlineData("m", Key + " 1 5\nshort")]
    [InlineData("m", Key + " 1 6\nshort")]
    [InlineData("m", Key + " 1 -1\n")]
    [InlineData("m", Key + " 1 x\n")]
    [InlineData("m", Key + "\n")]
    [InlineData("m", "short 1 0\n")]
    public void MoveNext_AnythingElse_GivesNoJob(string queue, string entries)
    {
        var sut = new EndedJobs(queue, Encoding.UTF8.GetBytes(entries));

        Assert.True(!sut.MoveNext() || sut.Read() is null);
    }

    [Fact]
    public void MoveNext_AnyBytes_NeverThrows() => FsCheck.Check.One(
        FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll<byte[]>(bytes => ReadAll([.. Encoding.UTF8.GetBytes($"{Key} 1 {bytes.Length}\n"), .. bytes]) && ReadAll(bytes)));

    private static bool ReadAll(byte[] entries)
    {
        var sut = new EndedJobs("m", entries);
        while (sut.MoveNext()) sut.Read();
        return true;
    }
}
