using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Tasks.Embeddings;
using Xunit;

namespace AiPlatform.Tests.Jobs.Leasing;

public sealed class LeaseGateTests
{
    private readonly RunningJobs _running = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EnterAsync_Open_SeveralEnterAtOnce()
    {
        var sut = CreateSut();

        using var one = await sut.EnterAsync(Ct);
        using var other = await sut.EnterAsync(Ct);

        Assert.True(sut.TryShut());
    }

    [Fact]
    public async Task EnterAsync_Shut_WaitsUntilItOpens()
    {
        var sut = CreateSut();
        Assert.True(sut.TryShut());
        var entering = Enumerable.Range(0, 3).Select(_ => sut.EnterAsync(Ct).AsTask()).ToList();

        Assert.All(entering, entry => Assert.False(entry.IsCompleted));
        sut.Open();

        await Task.WhenAll(entering).WaitAsync(TimeSpan.FromSeconds(30), Ct);
    }

    [Fact]
    public async Task EnterAsync_Canceled_EndsAndLeavesNothing()
    {
        var sut = CreateSut();
        sut.TryShut();
        using var cancel = new CancellationTokenSource();
        var entering = sut.EnterAsync(cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => entering);
        await sut.UntilIdleAsync(Ct).WaitAsync(TimeSpan.FromSeconds(30), Ct);
    }

    [Fact]
    public void TryShut_ShutAlready_IsRefusedUntilItOpens()
    {
        var sut = CreateSut();

        Assert.True(sut.TryShut());
        Assert.False(sut.TryShut());
        sut.Open();
        Assert.True(sut.TryShut());
    }

    [Fact]
    public async Task UntilIdleAsync_CallIsUnderWayAndJobsRun_WaitsForBoth()
    {
        var sut = CreateSut();
        var entry = await sut.EnterAsync(Ct);
        using var job = RunningJob();
        _running.Add(job);
        sut.TryShut();
        var idle = sut.UntilIdleAsync(Ct);

        entry.Dispose();
        var withCall = sut.UntilIdleAsync(Ct);
        Assert.False(idle.IsCompleted || withCall.IsCompleted);
        _running.Remove(job);

        await Task.WhenAll(idle, withCall).WaitAsync(TimeSpan.FromSeconds(30), Ct);
    }

    [Fact]
    public async Task UntilIdleAsync_CallIsUnderWay_Waits()
    {
        var sut = CreateSut();
        var entry = await sut.EnterAsync(Ct);
        sut.TryShut();

        var idle = sut.UntilIdleAsync(Ct);

        Assert.False(idle.IsCompleted);
        entry.Dispose();
        await idle.WaitAsync(TimeSpan.FromSeconds(30), Ct);
    }

    private static RunningJob RunningJob()
    {
        var queue = QueueName.ForModel("q");
        var job = new LeasedJob
        {
            Id = JobId.New(queue, TimeProvider.System.GetUtcNow()),
            Attempt = 1,
            Endpoint = EmbeddingTask.Endpoint,
            Model = queue.Model,
            Body = "{}"u8.ToArray(),
            TimeLeft = TimeSpan.FromMinutes(5),
            Waited = TimeSpan.Zero,
        };
        return new RunningJob(job, TimeProvider.System);
    }

    private LeaseGate CreateSut() => new(_running, TimeProvider.System);
}
