using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Batching;

public sealed class EmbeddingBatcherTests : IDisposable
{
    private readonly FakeSession _session = new();
    private EmbeddingBatcher? _batcher;

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

    [Fact]
    public async Task EmbedAsync_OneBadRowInABatch_OnlyItsRequestFails()
    {
        var sut = CreateSut();
        var held = await HoldAsync(sut);
        var good = Enumerable.Range(1, 6).Select(id => sut.EmbedAsync([[id]], 4)).ToList();
        var bad = sut.EmbedAsync([[1], [FakeSession.Poison]], 4);
        _session.LetGo();

        var (_, error) = await bad;

        Assert.Equal(InferenceErrorKind.ModelFailed, error!.Kind);
        Assert.Equal("input[1]", error.Param);
        foreach (var (vectors, none) in await Task.WhenAll(good.Append(held)))
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
        Assert.Null((await held).Error);
    }

    [Fact]
    public async Task EmbedAsync_CanceledWhileWaiting_ItsRowsAreNeverRun()
    {
        var sut = CreateSut();
        using var cancellation = new CancellationTokenSource();
        var held = await HoldAsync(sut);
        var canceled = sut.EmbedAsync([[42], [43]], 4, cancellation.Token);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled);
        _session.LetGo();
        await held;
        await sut.EmbedAsync([[5]], 4);

        Assert.DoesNotContain(_session.Runs.SelectMany(run => run), row => row[0] is 42 or 43);
    }

    [Fact]
    public async Task EmbedAsync_SingleBehindABigRequest_WaitsForAtMostTwoBatches()
    {
        var sut = CreateSut();
        var held = await HoldAsync(sut);
        var big = sut.EmbedAsync([.. Enumerable.Range(0, 2_048).Select(_ => new[] { 1, 1, 1 })], 4);
        var single = sut.EmbedAsync([[9]], 4);
        _session.LetGo();

        await single;

        // The first run is the one that was held.
        var position = _session.Runs.ToList().FindIndex(run => run.Any(row => row[0] == 9));
        Assert.InRange(position, 1, 2);
        Assert.Null((await big).Error);
        await held;
    }

    [Fact]
    public async Task EmbedAsync_DeviceGone_EndsTheThreadAndEveryRequest()
    {
        var sut = CreateSut();
        var held = await HoldAsync(sut);
        var waiting = sut.EmbedAsync([[3]], 4);
        _session.IsBroken = true;
        _session.LetGo();

        Assert.NotNull((await held).Error);
        await Assert.ThrowsAsync<DeviceLostException>(() => waiting);
        await Assert.ThrowsAsync<DeviceLostException>(() => sut.Completion);
        Assert.True(_session.IsDisposed);
    }

    [Fact]
    public async Task Stop_AfterTheRunningBatch_EndsTheThread()
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

    /// <summary>Occupies the device with one row, so that what comes next waits.</summary>
    private async Task<Task<(float[][] Vectors, InferenceError? Error)>> HoldAsync(EmbeddingBatcher sut)
    {
        _session.Hold();
        var held = sut.EmbedAsync([[1]], 4);
        await Poll.UntilAsync(() => _session.Runs.Count == 1, "the device runs");
        return held;
    }

    private EmbeddingBatcher CreateSut(ModelManifest? manifest = null) =>
        _batcher = Batchers.Start(_session, manifest ?? Manifests.Fake(), Batchers.AnyLength);
}
