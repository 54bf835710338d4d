using AiPlatform.Gateway.Results;
using AiPlatform.Jobs;
using Xunit;

namespace AiPlatform.Tests.Gateway.Results;

public sealed class AwaitedJobsTests
{
    private static readonly JobId Id = JobId.New(QueueName.ForModel("m"), DateTimeOffset.UnixEpoch);

    [Fact]
    public async Task Register_Twice_BothHearOfTheEnd()
    {
        var sut = new AwaitedJobs(TimeProvider.System);
        using var first = sut.Register(Id);
        using var second = sut.Register(Id);

        sut.Find(Id)!.End(null);

        Assert.Null(await first.Ended);
        Assert.Null(await second.Ended);
    }

    [Fact]
    public void Dispose_OneOfTwo_LeavesTheOther()
    {
        var sut = new AwaitedJobs(TimeProvider.System);
        var first = sut.Register(Id);
        var second = sut.Register(Id);

        first.Dispose();
        Assert.NotNull(sut.Find(Id));

        second.Dispose();
        Assert.Null(sut.Find(Id));
        Assert.Equal(0, sut.Count);
    }

    /// <summary>A job that is not in the store yet would seem to be lost.</summary>
    [Fact]
    public void LookedUpBefore_NotYetSubmitted_IsNotNamed()
    {
        var sut = new AwaitedJobs(TimeProvider.System);
        using var waiter = sut.Register(Id);
        Assert.Empty(sut.LookedUpBefore(long.MaxValue - 1));

        waiter.Submitted();

        Assert.Equal(Id, Assert.Single(sut.LookedUpBefore(long.MaxValue - 1)).Id);
        Assert.Empty(sut.LookedUpBefore(long.MinValue));
    }
}
