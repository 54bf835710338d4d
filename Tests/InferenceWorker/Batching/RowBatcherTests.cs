using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Tasks.Embeddings;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

public sealed class RowBatcherTests : IDisposable
{
    private readonly FakeSession _session = new();
    private RowBatcher? _batcher;

    [Fact]
    public async Task EmbedAsync_RowsOfDifferentLength_PaddingIsNotPooled()
    {
        var sut = CreateSut();

        var (vectors, error) = await sut.EmbedAsync([[1, 2, 3], [10], [4, 6]], 4);

        Assert.Null(error);
        Assert.Equal([[2, 2, 2, 2], [10, 10, 10, 10], [5, 5, 5, 5]], vectors);
    }

    [Fact]
    public async Task EmbedAsync_ClsPooling_TakesTheFirstToken()
    {
        var sut = CreateSut(Manifests.Fake(pooling: PoolingKind.Cls));

        var (vectors, _) = await sut.EmbedAsync([[7, 2, 3]], 4);

        Assert.Equal([7, 7, 7, 7], vectors[0]);
    }

    [Fact]
    public async Task EmbedAsync_FewerDimensions_CutsAndBringsToLengthOne()
    {
        var sut = CreateSut(Manifests.Fake(normalize: true));

        var (full, _) = await sut.EmbedAsync([[3]], 4);
        var (cut, _) = await sut.EmbedAsync([[3]], 1);

        Assert.Equal([0.5f, 0.5f, 0.5f, 0.5f], full[0]);
        Assert.Equal([1f], cut[0]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task EmbedAsync_OneBadRowInABatch_OnlyItsRequestFails(int parallelRuns)
    {
        var sut = CreateSut(parallelRuns: parallelRuns);
        var held = await HoldAsync(sut, parallelRuns);
        var good = Enumerable.Range(1, 6).Select(id => sut.EmbedAsync([[id]], 4)).ToList();
        var bad = sut.EmbedAsync([[1], [FakeSession.Poison]], 4);
        _session.LetGo();

        var (_, error) = await bad;

        Assert.Equal(InferenceErrorKind.ModelFailed, error!.Kind);
        Assert.Equal("input[1]", error.Param);
        foreach (var (vectors, none) in await Task.WhenAll([.. good, .. held]))
        {
            Assert.Null(none);
            Assert.All(vectors[0], value => Assert.True(value > 0));
        }
    }

    [Fact]
    public async Task EmbedAsync_NaNInOneRow_OnlyItsRequestFails()
    {
        var sut = CreateSut();
        var held = await HoldAsync(sut);
        var bad = sut.EmbedAsync([[FakeSession.NotANumber]], 4);
        var good = sut.EmbedAsync([[2]], 4);
        _session.LetGo();

        Assert.Equal(InferenceErrorKind.ModelFailed, (await bad).Error!.Kind);
        Assert.Contains("NaN", (await bad).Error!.Message, StringComparison.Ordinal);
        Assert.Null((await good).Error);
        Assert.All(await Task.WhenAll(held), call => Assert.Null(call.Error));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task EmbedAsync_CanceledWhileWaiting_ItsRowsAreNeverRun(int parallelRuns)
    {
        var sut = CreateSut(parallelRuns: parallelRuns);
        using var cancellation = new CancellationTokenSource();
        var held = await HoldAsync(sut, parallelRuns);
        var canceled = sut.EmbedAsync([[42], [43]], 4, cancellation.Token);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);
        _session.LetGo();
        await Task.WhenAll(held);
        await sut.EmbedAsync([[5]], 4);

        Assert.DoesNotContain(_session.Runs.SelectMany(run => run), row => row[0] is 42 or 43);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task EmbedAsync_SingleBehindABigRequest_WaitsForAtMostTwoBatches(int parallelRuns)
    {
        var sut = CreateSut(parallelRuns: parallelRuns);
        var held = await HoldAsync(sut, parallelRuns);
        var big = sut.EmbedAsync([.. Enumerable.Range(0, 2_048).Select(_ => new[] { 1, 1, 1 })], 4);
        var single = sut.EmbedAsync([[9]], 4);

        // Only one device thread runs at a time. Two threads could take their batches in one order and run them in another, because a
        // thread that is suspended between taking and running may be overtaken by any number of batches of the other thread.
        for (var batches = 1; batches <= 2; batches++)
        {
            var runs = parallelRuns + batches;
            _session.LetGoOnce();
            await Poll.UntilAsync(() => _session.Runs.Count == runs, "the next batch is taken and run");
        }

        Assert.Contains(_session.Runs.Skip(parallelRuns), run => run.Any(row => row[0] == 9));
        _session.LetGo();
        Assert.Null((await single).Error);
        Assert.Null((await big).Error);
        await Task.WhenAll(held);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task EmbedAsync_DeviceGone_EndsEveryThreadAndRequest(int parallelRuns)
    {
        var sut = CreateSut(parallelRuns: parallelRuns);
        var held = await HoldAsync(sut, parallelRuns);
        var waiting = sut.EmbedAsync([[3]], 4);
        _session.IsBroken = true;
        _session.LetGo();

        Assert.All(await Task.WhenAll(held), call => Assert.NotNull(call.Error));
        await Assert.ThrowsAsync<DeviceLostException>(() => waiting);
        await Assert.ThrowsAsync<DeviceLostException>(() => sut.Completion);
        Assert.True(_session.IsDisposed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task EmbedAsync_ManyRequestsAtOnce_EveryRowIsRunOnceAndGetsItsOwnVector(int parallelRuns)
    {
        var sut = CreateSut(parallelRuns: parallelRuns);

        var calls = Enumerable.Range(1, 500).Select(async id => (id, await sut.EmbedAsync([[id, id], [id]], 4)));
        var results = await Task.WhenAll(calls);

        foreach (var (id, (vectors, error)) in results)
        {
            Assert.Null(error);
            Assert.All(vectors, vector => Assert.Equal(id, vector[0]));
        }

        var ran = _session.Runs.SelectMany(run => run).Select(row => (row[0], row.Length)).ToList();
        Assert.Equal(1_000, ran.Count);
        Assert.Equal(1_000, ran.Distinct().Count());
    }

    [Fact]
    public async Task RowsDone_WhileALongRequestRuns_SaysHowFarItIs()
    {
        var sut = CreateSut();
        var request = new EmbeddingRun(
            [.. Enumerable.Repeat(new[] { 5 }, 20)], EmbeddingOutput.Create(20, 4, 0, EmbeddingFormat.Float));
        _session.Hold();

        var call = sut.RunAsync(request, CancellationToken.None);
        Assert.Equal(0, request.RowsDone);
        _session.LetGoOnce();

        await Poll.UntilAsync(() => _session.Runs.Count == 2, "the second batch runs");
        Assert.Equal(8, request.RowsDone);
        _session.LetGo();
        Assert.Null(await call.WaitAsync(TimeSpan.FromMinutes(1), CancellationToken.None));
        Assert.Equal(20, request.RowsDone);
    }

    [Fact]
    public async Task Stop_WhileTwoThreadsRun_EndsThemAfterTheirBatches()
    {
        var sut = CreateSut(parallelRuns: 2);
        var held = await HoldAsync(sut, 2);
        var waiting = sut.EmbedAsync([[3]], 4);

        sut.Stop();
        await Assert.ThrowsAsync<OperationCanceledException>(() => waiting);
        _session.LetGoOnce();
        await Task.WhenAny(held);
        _session.LetGo();

        Assert.All(await Task.WhenAll(held), call => Assert.Null(call.Error));
        await sut.Completion;
        Assert.True(_session.IsDisposed);
        Assert.False(_session.WasDisposedInARun);
    }

    [Fact]
    public async Task Stop_AfterTheRunningBatches_EndsTheThreads()
    {
        var sut = CreateSut();
        await sut.EmbedAsync([[3]], 4);

        sut.Stop();

        await sut.Completion;
        Assert.True(_session.IsDisposed);
        await Assert.ThrowsAsync<InvalidOperationException>(() => sut.EmbedAsync([[3]], 4));
    }

    public void Dispose()
    {
        _session.LetGo();
        _batcher?.Stop();
    }

    /// <summary>Occupies every device thread with one row, so that what comes next waits.</summary>
    private async Task<List<Task<(float[][] Vectors, InferenceError? Error)>>> HoldAsync(RowBatcher sut, int parallelRuns = 1)
    {
        _session.Hold();
        var held = new List<Task<(float[][] Vectors, InferenceError? Error)>>();
        for (var i = 0; i < parallelRuns; i++)
        {
            held.Add(sut.EmbedAsync([[1]], 4));
            await Poll.UntilAsync(() => _session.Runs.Count == i + 1, "one more device thread runs");
        }

        return held;
    }

    private RowBatcher CreateSut(EmbeddingManifest? manifest = null, int parallelRuns = 1) =>
        _batcher = Batchers.Start(_session, manifest ?? Manifests.Fake(), Batchers.Limits, parallelRuns);
}
