using System.IO.Pipelines;
using System.Text;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Configuration;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Streams;
using AiPlatform.Gateway.Providers.Transport;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Streams;

/// <summary>A stream whose client disconnects between two steps of the loop that reads it. The test advances the clock.</summary>
public sealed class ProviderStreamAnswerTests
{
    private static readonly TimeSpan UsageGrace = TimeSpan.FromSeconds(5);

    private readonly ManualTime _time = new();
    private readonly Pipe _provider = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ExecuteAsync_ClientLeavesWhileItIsWrittenTo_EndsWithTheUsageOrItsGrace(bool isFinished)
    {
        await SendAsync(isFinished ? [FakeProvider.Chunk("a"), FakeProvider.Chunk("", "stop")] : [FakeProvider.Chunk("a")]);
        using var leaving = new CancellationTokenSource();
        await using var services = new ServiceCollection().AddSingleton<TimeProvider>(_time).BuildServiceProvider();
        var context = new DefaultHttpContext
        {
            RequestServices = services,
            RequestAborted = leaving.Token,
            Response = { Body = new TellingStream(leaving.Cancel) },
        };
        string? end = "not ended";

        var answering = (await CreateSutAsync(one => end = one)).ExecuteAsync(context);
        if (isFinished)
        {
            await Poll.UntilAsync(() => _time.Waiting > 0, "it waits for the usage");
            Assert.False(answering.IsCompleted);
            _time.Advance(UsageGrace);
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answering.WaitAsync(TimeSpan.FromSeconds(30), Ct));
        Assert.Equal(ProviderCall.ClientGone, end);
    }

    private async Task<ProviderStreamAnswer> CreateSutAsync(Action<string?> ended)
    {
        var provider = new Provider("p", new ProviderOptions { BaseUrl = new Uri("http://127.0.0.1/v1") }, _time);
        var options = new ProviderModelOptions { Timeout = TimeSpan.FromMinutes(30), IdleTimeout = TimeSpan.FromMinutes(5) };
        var model = new ProviderModel("gpt", provider, options);
        var request = new ProviderRequest { Endpoint = ChatTask.Endpoint, Body = default, Model = "gpt", ModelAt = default };
        var call = ProviderCall.Of(new RoutedRequest(request, [model], Check: null), Tenants.Anonymous, atMost: null, _time);
        var stream = new OpenedStream(
            model, new ProviderResponse(200, "text/event-stream", null, _provider.Reader.AsStream()), dropsUsage: true, collects: false);
        using var limit = new AttemptLimit(TimeSpan.FromMinutes(1), call.Deadline, _time, CancellationToken.None);
        Assert.Null(await stream.OpenAsync(limit));
        return new ProviderStreamAnswer(stream, call, error =>
        {
            ended(error);
            return Task.CompletedTask;
        });
    }

    private async Task SendAsync(IEnumerable<string> chunks) =>
        await _provider.Writer.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(chunks.Select(chunk => $"data: {chunk}\n\n"))), Ct);

    /// <summary>Collects the written bytes, and notifies the test.</summary>
    private sealed class TellingStream(Action written) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            written();
            return ValueTask.CompletedTask;
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
