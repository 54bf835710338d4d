using AiPlatform.Gateway.Results;
using AiPlatform.Jobs;
using Xunit;

namespace AiPlatform.Tests.Gateway.Results;

public sealed class JobWaitersTests
{
    private static readonly JobId Id = JobId.New(QueueName.ForModel("m"), DateTimeOffset.UnixEpoch);

    [Fact]
    public async Task Register_Twice_BothHearOfTheEnd()
    {
        var sut = new JobWaiters(TimeProvider.System);
        using var first = sut.Register(Id, wantsResult: false);
        using var second = sut.Register(Id, wantsResult: true);

        sut.Find(Id)!.End(JobEnd.Lost);

        Assert.Same(JobEnd.Lost, await first.Ended);
        Assert.Same(JobEnd.Lost, await second.Ended);
    }

    [Fact]
    public void Dispose_OneOfTwo_LeavesTheOther()
    {
        var sut = new JobWaiters(TimeProvider.System);
        var first = sut.Register(Id, wantsResult: true);
        var second = sut.Register(Id, wantsResult: true);

        first.Dispose();
        Assert.NotNull(sut.Find(Id));

        second.Dispose();
        Assert.Null(sut.Find(Id));
        Assert.Equal(0, sut.Count);
    }

    /// <summary>A job that is not yet in the store would be taken for lost.</summary>
    [Fact]
    public void LookedUpBefore_NotYetSubmitted_IsNotNamed()
    {
        var sut = new JobWaiters(TimeProvider.System);
        using var waiter = sut.Register(Id, wantsResult: true);
        Assert.Empty(sut.LookedUpBefore(long.MaxValue - 1));

        waiter.Submitted();

        Assert.Equal(Id, Assert.Single(sut.LookedUpBefore(long.MaxValue - 1)).Id);
        Assert.Empty(sut.LookedUpBefore(long.MinValue));
    }
}
