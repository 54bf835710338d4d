using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Loading;

public sealed class ServedModelsTests
{
    private readonly ServedModels _sut = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NextAsync_BeforeLoadingEnds_WaitsForIt()
    {
        var next = _sut.NextAsync(known: null, Ct);
        _sut.Add(new StandIn("a"));
        Assert.False(next.IsCompleted);

        _sut.EndLoading();

        Assert.Equal(["a"], (await next).Select(queue => queue.Queue.Model));
    }

    [Fact]
    public async Task NextAsync_ModelsComeAndGo_TellsEachList()
    {
        _sut.EndLoading();
        var none = await _sut.NextAsync(known: null, Ct);
        var waiting = _sut.NextAsync(none, Ct);
        Assert.False(waiting.IsCompleted);

        _sut.Add(new StandIn("a"));
        var first = await waiting;
        _sut.Add(new StandIn("a"));
        var second = await _sut.NextAsync(first, Ct);
        _sut.EndLeasing(_sut.Find("a")!);
        var third = await _sut.NextAsync(second, Ct);

        Assert.Empty(none);
        Assert.Single(first);
        Assert.NotEqual(Assert.Single(first), Assert.Single(second));
        Assert.Empty(third);
    }

    /// <summary>Leasing has ended when the next list is asked for, because the last one is then in effect.</summary>
    [Fact]
    public async Task HasEndedLeasing_OnlyAfterTheListIsInEffect()
    {
        _sut.EndLoading();
        _sut.Add(new StandIn("a"));
        var known = await _sut.NextAsync(known: null, Ct);
        _ = _sut.NextAsync(known, Ct);
        var model = _sut.Find("a")!;

        Assert.False(_sut.HasEndedLeasing(model));
        _sut.EndLeasing(model);
        Assert.False(_sut.HasEndedLeasing(model));
        known = await _sut.NextAsync(known, Ct);
        Assert.False(_sut.HasEndedLeasing(model));
        _ = _sut.NextAsync(known, Ct);

        Assert.True(_sut.HasEndedLeasing(model));
    }

    [Fact]
    public void Add_WhileAJobUsesTheOlderVersion_KeepsItForTheJob()
    {
        var (older, newer) = (new StandIn("a"), new StandIn("a"));
        _sut.Add(older);
        using var use = _sut.Use("a");

        var replaced = _sut.Add(newer);
        using var later = _sut.Use("a");

        Assert.Same(older, use!.Model);
        Assert.Same(newer, later!.Model);
        Assert.Equal(1, replaced!.Uses);
        use.Dispose();
        Assert.Equal(0, replaced.Uses);
        Assert.Equal([newer], _sut.Loaded);
    }

    [Fact]
    public void EndLeasing_JobsThatAreLeased_StillFindTheModelUntilItIsRemoved()
    {
        _sut.Add(new StandIn("a"));
        var model = _sut.Find("a")!;

        _sut.EndLeasing(model);

        using (var use = _sut.Use("a")) Assert.NotNull(use);
        _sut.Remove(model);
        Assert.Null(_sut.Use("a"));
    }

    /// <summary>A model that came back in the meantime stays.</summary>
    [Fact]
    public void Remove_ReplacedModel_LeavesItsSuccessor()
    {
        _sut.Add(new StandIn("a"));
        var older = _sut.Find("a")!;
        _sut.EndLeasing(older);
        var newer = new StandIn("a");
        _sut.Add(newer);

        _sut.Remove(older);

        Assert.Same(newer, _sut.Use("a")!.Model);
    }

    /// <summary>A model that runs nothing.</summary>
    private sealed class StandIn(string name) : ILoadedModel
    {
        public ModelManifest Manifest { get; } = Manifests.Shipped with { Name = name };

        public IModelTokens Tokens => throw new NotSupportedException();

        public string Device => "cpu";

        public int Capacity => 1;

        public Task Completion { get; } = new TaskCompletionSource().Task;

        public ModelDescriptor Describe() => throw new NotSupportedException();

        public Task<JobOutcome> RunAsync(LeasedJob job, JobSink sink, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public void Stop()
        {
        }
    }
}
