using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AiPlatform.Tests.Gateway.Catalog;

public sealed class ModelCatalogTests : IDisposable
{
    private readonly FakeCatalog _workers = new();
    private readonly ProviderCatalog _providers = new(
        new ConfigurationBuilder().Build(), TimeProvider.System, NullLogger<ProviderCatalog>.Instance);

    [Fact]
    public async Task ReadForAsync_UnknownNamesAtOnce_ShareReadings()
    {
        var time = new ManualTime();
        var sut = new ModelCatalog(TestLoops.With(time), _workers, _providers, time, NullLogger<ModelCatalog>.Instance);

        var reading = Task.WhenAll(
            Enumerable.Range(0, 200).Select(i => sut.ReadForAsync($"unknown-{i}", CancellationToken.None).AsTask()));
        await Poll.UntilAsync(
            () =>
            {
                time.AdvanceToNext();
                return reading.IsCompleted;
            },
            "all have their answer");

        // Those who came before the first began, and the others after its pause.
        Assert.InRange(_workers.Readings, 1, 2);
    }

    [Fact]
    public async Task ReadForAsync_KnownName_ReadsNothing()
    {
        _workers.Models = ["m"];
        var sut = CreateSut();
        await sut.ReadForAsync("m", CancellationToken.None);

        for (var i = 0; i < 10; i++) Assert.NotNull((await sut.ReadForAsync("m", CancellationToken.None)).Find("m"));

        Assert.Equal(1, _workers.Readings);
    }

    [Fact]
    public async Task ReadForAsync_NamedAfterTheLastReading_IsFound()
    {
        var sut = CreateSut();
        await sut.ReadForAsync("m", CancellationToken.None);
        _workers.Models = ["m"];

        Assert.NotNull((await sut.ReadForAsync("m", CancellationToken.None)).Find("m"));
    }

    [Fact]
    public async Task ReadForAsync_Outage_KeepsWhatIsKnownAndRefusesTheRest()
    {
        _workers.Models = ["m"];
        var sut = CreateSut();
        await sut.ReadForAsync("m", CancellationToken.None);
        _workers.Away = true;

        Assert.NotNull((await sut.ReadForAsync("m", CancellationToken.None)).Find("m"));
        await Assert.ThrowsAsync<QueueUnavailableException>(() => sut.ReadForAsync("other", CancellationToken.None).AsTask());
        Assert.Equal([QueueName.ForModel("m")], sut.Queues);
    }

    [Fact]
    public async Task ReadForAsync_NameThatCanHaveNoQueue_IsLeftOut()
    {
        _workers.Models = ["m", "", new string('x', 129)];
        var sut = CreateSut();

        var models = await sut.ReadForAsync("m", CancellationToken.None);

        Assert.Equal("m", Assert.Single(models.All).Name);
    }

    [Fact]
    public async Task ReadAnewAsync_ReadingsOvertakeEachOther_TheOneThatBeganLastCounts()
    {
        using var log = new KeptLog();
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(log));
        var sut = new ModelCatalog(
            TestLoops.With(TimeProvider.System), _workers, _providers, TimeProvider.System, factory.CreateLogger<ModelCatalog>());
        List<int> told = [];
        sut.Reading += models => told.Add(models.All.Count);
        _workers.Slow = new TaskCompletionSource();

        var slow = sut.ReadAnewAsync(CancellationToken.None);
        await Poll.UntilAsync(() => _workers.Readings == 1, "the first reading is under way");
        (_workers.Models, var first) = (["m"], _workers.Slow);
        _workers.Slow = null;
        await sut.ReadAnewAsync(CancellationToken.None);
        first.SetResult();

        Assert.NotNull((await slow).Find("m"));
        Assert.NotNull((await sut.ReadAsync(CancellationToken.None)).Find("m"));
        Assert.Equal([1], told);
        Assert.Single(log.Lines);
    }

    public void Dispose() => _providers.Dispose();

    private ModelCatalog CreateSut() =>
        new(TestLoops.With(TimeProvider.System), _workers, _providers, TimeProvider.System, NullLogger<ModelCatalog>.Instance);

    private sealed class FakeCatalog : IWorkerCatalog
    {
        private int _readings;

        public string[] Models { get; set; } = [];

        public bool Away { get; set; }

        /// <summary>Readings that begin while it is set end with it, and return the models at their beginning.</summary>
        public TaskCompletionSource? Slow { get; set; }

        public int Readings => _readings;

        public Task BeatAsync(WorkerHeartbeat heartbeat, IReadOnlyList<ModelDescriptor> models, CancellationToken cancellationToken) =>
            Task.CompletedTask;

        public Task LeaveAsync(string worker, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task ConfirmAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task<CatalogSnapshot> ReadAsync(CancellationToken cancellationToken)
        {
            var (models, slow) = (Models, Slow);
            Interlocked.Increment(ref _readings);
            if (Away) throw new QueueUnavailableException("away");
            if (slow is not null) await slow.Task;
            return new CatalogSnapshot(
                [.. models.Select(name => new ModelDescriptor { Name = name, Task = "embedding", MaxTokens = 1, Created = 0, OwnedBy = "tests" })], []);
        }
    }
}
