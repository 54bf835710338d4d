using System.Diagnostics.Metrics;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Configuration;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Whole;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Answers;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Whole;

/// <summary>The answer cache beside a store that hangs or fails.</summary>
public sealed class AnswerCacheWritesTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ProviderCatalog _catalog;
    private readonly Store _store = new();

    public AnswerCacheWritesTests() =>
        _catalog = new ProviderCatalog(new ConfigurationBuilder().Build(), _time, NullLogger<ProviderCatalog>.Instance);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _catalog.Dispose();
        _services.Dispose();
    }

    [Fact]
    public async Task Remember_StoreHangs_DelaysNobodyAndIsRememberedHere()
    {
        var sut = await StartAsync();
        _store.Write = _ => new TaskCompletionSource().Task;

        sut.Remember(Call(), "a", Answer("one"));

        Assert.Equal("one", await RecallAsync(sut, "a"));
        await sut.StopAsync(Ct);
    }

    [Fact]
    public async Task Remember_StoreRefuses_TheNextAnswerIsWritten()
    {
        var sut = await StartAsync();
        _store.Write = name => name == "a" ? throw new InvalidOperationException("ERR something new") : Task.CompletedTask;

        sut.Remember(Call(), "a", Answer("one"));
        sut.Remember(Call(), "b", Answer("two"));

        await Poll.UntilAsync(() => _store.Written.Contains("b"), "the second answer is written");
        await sut.StopAsync(Ct);
    }

    [Fact]
    public async Task Remember_MoreThanMayWait_IsNotKept()
    {
        var sut = await StartAsync();
        var go = new TaskCompletionSource();
        _store.Write = _ => go.Task;
        var large = new string('x', 8 * 1024 * 1024);

        for (var i = 0; i < 6; i++) sut.Remember(Call(), $"{i}", Answer(large));
        go.SetResult();

        await Poll.UntilAsync(() => _store.Written.Count == 4, "what may wait is written");
        sut.Remember(Call(), "later", Answer("small"));
        await Poll.UntilAsync(() => _store.Written.Contains("later"), "there is room again");
        Assert.Equal(["0", "1", "2", "3", "later"], _store.Written);
        await sut.StopAsync(Ct);
    }

    [Fact]
    public async Task RecallAsync_StoreHangs_IsPassedOverAfterItsOwnLimit()
    {
        var sut = await StartAsync();
        _store.Read = token => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);

        var recalling = RecallAsync(sut, "a");
        Assert.True(_time.AdvanceToNext());

        Assert.Null(await recalling.WaitAsync(TimeSpan.FromSeconds(30), Ct));
        Assert.Equal(AnswerCache.ReadLimit, _time.GetElapsedTime(0));
        await sut.StopAsync(Ct);
    }

    private async Task<AnswerCache> StartAsync()
    {
        var metrics = new ProviderMetrics(_services.GetRequiredService<IMeterFactory>(), _catalog);
        var sut = new AnswerCache(TestLoops.With(_time), _store, metrics, _time, NullLogger<AnswerCache>.Instance);
        await sut.StartAsync(Ct);
        return sut;
    }

    private static async Task<string?> RecallAsync(AnswerCache sut, string name) =>
        await sut.RecallAsync(Call(), name, Ct) is { } answer ? System.Text.Encoding.UTF8.GetString(answer.Body.Span) : null;

    private static JsonAnswer Answer(string text) => new(System.Text.Encoding.UTF8.GetBytes(text), default);

    private static ProviderCall Call()
    {
        var provider = new Provider("p", new ProviderOptions { BaseUrl = new Uri("http://127.0.0.1/v1") }, TimeProvider.System);
        var model = new ProviderModel("gpt", provider, new ProviderModelOptions { CacheTtl = TimeSpan.FromHours(1) });
        var request = new ProviderRequest { Endpoint = ChatTask.Endpoint, Body = default, Model = "gpt", ModelAt = default };
        return ProviderCall.Of(new RoutedRequest(request, [model], Check: null), Tenants.Anonymous, atMost: null, TimeProvider.System);
    }

    private sealed class Store : IAnswerStore
    {
        private readonly List<string> _written = [];

        public Func<string, Task> Write { get; set; } = _ => Task.CompletedTask;

        public Func<CancellationToken, Task> Read { get; set; } = _ => Task.CompletedTask;

        public IReadOnlyList<string> Written
        {
            get
            {
                lock (_written) return [.. _written];
            }
        }

        public async Task<byte[]?> RecallAsync(string tenant, string fingerprint, CancellationToken cancellationToken)
        {
            await Read(cancellationToken);
            return null;
        }

        public async Task RememberAsync(
            string tenant, string fingerprint, ReadOnlyMemory<byte> answer, TimeSpan ttl, CancellationToken cancellationToken)
        {
            await Write(fingerprint).WaitAsync(cancellationToken);
            lock (_written) _written.Add(fingerprint);
        }
    }
}
