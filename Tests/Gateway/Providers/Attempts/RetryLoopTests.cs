using System.Diagnostics.Metrics;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Configuration;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Whole;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Attempts;

/// <summary>The retry loop by a clock that is moved by hand.</summary>
public sealed class RetryLoopTests : IDisposable
{
    private static readonly ProviderModelOptions Limits = new()
    {
        Timeout = TimeSpan.FromSeconds(60),
        AttemptTimeout = TimeSpan.FromSeconds(30),
    };

    private readonly ManualTime _time = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public static TheoryData<int, string, bool> Failures => new()
    {
        { 408, "server_error", true }, { 409, "server_error", true }, { 429, "rate_limit_exceeded", true }, { 500, "server_error", true },
        { 502, "server_error", true }, { 503, "server_error", true }, { 504, "server_error", true }, { 529, "server_error", true },
        { 0, "", true },
        { 400, "invalid_request_error", false }, { 401, "invalid_api_key", false }, { 403, "forbidden", false },
        { 404, "model_not_found", false },
        { 413, "too_large", false }, { 422, "invalid", false }, { 429, "insufficient_quota", false }, { 302, "moved", false },
    };

    public void Dispose() => _services.Dispose();

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task CallAsync_Failure_IsRetriedWhereItMayPass(int status, string code, bool isRetried)
    {
        var transport = new ScriptedTransport(_time, call => call == 0 ? new ScriptedStep(status) { Code = code } : new ScriptedStep(200));

        var (end, log) = await RunAsync(transport, "gpt");

        Assert.Equal(isRetried, end.Result is not null);
        Assert.Equal(isRetried ? 2 : 1, transport.Calls.Count);
        Assert.Equal((isRetried ? 2 : 1, 1), (log.Made, log.Failed.Count));
        if (isRetried) Assert.InRange(transport.Calls[1].At.TotalSeconds, 0.8, 1.2);
    }

    [Theory]
    [InlineData(401, true)]
    [InlineData(403, true)]
    [InlineData(404, true)]
    [InlineData(302, true)]
    [InlineData(400, false)]
    [InlineData(422, false)]
    public async Task CallAsync_Refusal_GoesToTheFallbackUnlessTheRequestIsWrong(int status, bool fallsBack)
    {
        var transport = new ScriptedTransport(_time, call => new ScriptedStep(call == 0 ? status : 200));

        var (end, _) = await RunAsync(transport, "with-fallback");

        Assert.Equal(fallsBack ? ["with-fallback", "gpt"] : ["with-fallback"], transport.Calls.Select(call => call.Model));
        Assert.Equal(fallsBack, end.Model?.Name == "gpt");
    }

    [Fact]
    public async Task CallAsync_KeepsFailing_Waits1And2And4SecondsAndFallsBack()
    {
        var transport = new ScriptedTransport(_time, call => new ScriptedStep(call < 4 ? 503 : 200));

        var (end, log) = await RunAsync(transport, "with-fallback");

        Assert.Equal("gpt", end.Model!.Name);
        Assert.Equal("with-fallback=status_503*4", log.ToString());
        Assert.InRange((transport.Calls[1].At - transport.Calls[0].At).TotalSeconds, 0.8, 1.2);
        Assert.InRange((transport.Calls[2].At - transport.Calls[1].At).TotalSeconds, 1.6, 2.4);
        Assert.InRange((transport.Calls[3].At - transport.Calls[2].At).TotalSeconds, 3.2, 4.8);
        Assert.Equal(transport.Calls[3].At, transport.Calls[4].At);
    }

    [Theory]
    [InlineData("gpt", 3, 3, 3.6)]
    [InlineData("gpt", 0, 0, 0)]
    [InlineData("with-fallback", 30, 0, 0)]
    public async Task CallAsync_ProviderAsksForAPause_GetsItOrIsLeft(string model, double asked, double least, double most)
    {
        var transport = new ScriptedTransport(
            _time, call => call == 0 ? new ScriptedStep(429) { Code = "rate_limit_exceeded", RetryAfter = TimeSpan.FromSeconds(asked) }
                : new ScriptedStep(200));

        var (end, _) = await RunAsync(transport, model);

        Assert.Equal("gpt", end.Model!.Name);
        Assert.InRange(transport.Calls[1].At.TotalSeconds, least, most);
    }

    [Fact]
    public async Task CallAsync_PauseBeyondTheDeadline_EndsAtOnce()
    {
        var transport = new ScriptedTransport(
            _time, _ => new ScriptedStep(429) { Code = "rate_limit_exceeded", RetryAfter = TimeSpan.FromSeconds(90) });

        var (end, _) = await RunAsync(transport, "gpt");

        Assert.Equal((InferenceErrorKind.ProviderBusy, TimeSpan.FromSeconds(90)), (end.Failure!.Error.Kind, end.Failure.Error.RetryAfter));
        Assert.Equal(TimeSpan.Zero, _time.GetElapsedTime(0));
    }

    [Fact]
    public async Task CallAsync_Silence_IsATimeoutInTheEnd()
    {
        var transport = new ScriptedTransport(_time, _ => new ScriptedStep(200) { Takes = TimeSpan.FromHours(1) });

        var (end, _) = await RunAsync(transport, "gpt");

        Assert.Equal(InferenceErrorKind.ProviderTimeout, end.Failure!.Error.Kind);
        Assert.Equal(2, transport.Calls.Count);
        Assert.Equal(TimeSpan.FromSeconds(60), _time.GetElapsedTime(0));
    }

    [Theory]
    [InlineData("<html>", "text/html", "content_type")]
    [InlineData("{\"choices\":[", "application/json", "malformed")]
    [InlineData("[]", "application/json", "malformed")]
    [InlineData("null", "application/json", "malformed")]
    [InlineData("{} {}", "application/json", "malformed")]
    [InlineData("{\"hello\":1}", "application/json", "empty")]
    [InlineData("{\"choices\":[]}", "application/json", "empty")]
    [InlineData("{\"choices\":null}", "application/json", "empty")]
    [InlineData("{\"choices\":{\"message\":{}}}", "application/json", "empty")]
    [InlineData("{\"choices\":[{\"message\":{}}],\"choices\":[]}", "application/json", "empty")]
    [InlineData("{\"choices\":[null]}", "application/json", "malformed")]
    [InlineData("{\"choices\":[{\"message\":{}},{}]}", "application/json", "malformed")]
    [InlineData("{\"choices\":[{\"message\":\"hi\"}]}", "application/json", "malformed")]
    public async Task CallAsync_AnswerOfAnotherForm_IsRetried(string body, string contentType, string reason)
    {
        var transport = new ScriptedTransport(
            _time, call => call == 0 ? new ScriptedStep(200) { Body = body, ContentType = contentType } : new ScriptedStep(200));

        var (end, log) = await RunAsync(transport, "gpt");

        Assert.NotNull(end.Result);
        Assert.Equal(reason, log.Failed.Single().Reason);
    }

    [Fact]
    public async Task CallAsync_ManyFailures_OpenTheBreakerAndLetOneTryLater()
    {
        var fails = true;
        var transport = new ScriptedTransport(_time, _ => new ScriptedStep(fails ? 500 : 200));
        var models = Models(transport);

        for (var i = 0; i < 4; i++) await RunAsync(models, transport, "breaking");
        var (open, log) = await RunAsync(models, transport, "breaking");
        var calls = transport.Calls.Count;
        fails = false;
        _time.Advance(TimeSpan.FromSeconds(6));
        var (closed, _) = await RunAsync(models, transport, "breaking");

        Assert.Equal(InferenceErrorKind.ProviderUnavailable, open.Failure!.Error.Kind);
        Assert.Equal((4, 0, "breaking=breaker_open"), (calls, log.Made, log.ToString()));
        Assert.NotNull(closed.Result);
    }

    [Fact]
    public async Task CallAsync_FallbackIsLeftAlone_TheAttemptsMadeBeforeStillCount()
    {
        var transport = new ScriptedTransport(_time, _ => new ScriptedStep(500));
        var models = Models(transport);
        for (var i = 0; i < 4; i++) await RunAsync(models, transport, "breaking");

        var (_, log) = await RunAsync(models, transport, "falls-on-breaking");

        Assert.Equal((1, "falls-on-breaking=status_500, breaking=breaker_open"), (log.Made, log.ToString()));
        Assert.Equal(5, transport.Calls.Count);
    }

    [Fact]
    public async Task CallAsync_ClientLeavesWhileWaiting_NothingMoreIsSent()
    {
        using var client = new CancellationTokenSource();
        var transport = new ScriptedTransport(_time, _ => new ScriptedStep(503));
        var models = Models(transport);

        var running = CallAsync(CallOf(models, "gpt"), transport, client.Token);
        await client.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        while (_time.AdvanceToNext()) { }
        Assert.Single(transport.Calls);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task CallAsync_RandomFaults_NeverPassTheDeadline(int seed)
    {
#pragma warning disable CA5394 // A test's dice
        var random = new Random(seed);
        for (var round = 0; round < 100; round++)
        {
            var start = _time.GetElapsedTime(0);
            var transport = new ScriptedTransport(
                _time, _ => new ScriptedStep(
                    random.Next(8) switch { 0 => 200, 1 => 0, 2 => 429, 3 => 500, 4 => 503, 5 => 408, 6 => 400, _ => 401 })
                {
                    Takes = TimeSpan.FromSeconds(random.NextDouble() * (random.Next(3) == 0 ? 100 : 5)),
                    RetryAfter = random.Next(3) == 0 ? TimeSpan.FromSeconds(random.Next(0, 40)) : null,
                    Code = random.Next(5) == 0 ? "insufficient_quota" : "x",
                    Body = random.Next(4) == 0 ? "{" : FakeProvider.ChatJson("fine"),
                });

            var (end, log) = await RunAsync(transport, random.Next(2) == 0 ? "gpt" : "with-fallback");

            Assert.True((end.Result is null) != (end.Failure is null));
            Assert.True(_time.GetElapsedTime(0) - start <= TimeSpan.FromSeconds(60), $"seed {seed}, round {round}: {_time.GetElapsedTime(0) - start}");
            Assert.Equal(transport.Calls.Count, log.Made);
        }
#pragma warning restore CA5394
    }

    private Task<(RetryEnd<JsonAnswer> End, AttemptLog Log)> RunAsync(ScriptedTransport transport, string model) =>
        RunAsync(Models(transport), transport, model);

    /// <summary>Runs a call, and moves the clock whenever nothing else can proceed.</summary>
    private async Task<(RetryEnd<JsonAnswer> End, AttemptLog Log)> RunAsync(
        Dictionary<string, ProviderModel> models, ScriptedTransport transport, string model)
    {
        var call = CallOf(models, model);
        var calling = CallAsync(call, transport, CancellationToken.None);
        while (!calling.IsCompleted && _time.AdvanceToNext()) { }
        return (await calling.WaitAsync(TimeSpan.FromSeconds(30)), call.Log);
    }

    private Task<RetryEnd<JsonAnswer>> CallAsync(ProviderCall call, ScriptedTransport transport, CancellationToken cancellationToken)
    {
        using var catalog = new ProviderCatalog(new ConfigurationBuilder().Build(), _time, NullLogger<ProviderCatalog>.Instance);
        var sut = new RetryLoop(
            _time, new ProviderMetrics(_services.GetRequiredService<IMeterFactory>(), catalog), NullLogger<RetryLoop>.Instance);
        var attempt = new WholeAttempt(transport);
        return sut.CallAsync(
            call, options => options.AttemptTimeout,
            (one, limit) => attempt.RunAsync(one, call.Request, default, limit), cancellationToken);
    }

    private ProviderCall CallOf(Dictionary<string, ProviderModel> models, string model)
    {
        var request = new ProviderRequest { Endpoint = ChatTask.Endpoint, Body = default, Model = model, ModelAt = default };
        var route = new RoutedRequest(
            request, [models[model], .. models[model].Options.Fallbacks.Select(name => models[name])], Check: null);
        return ProviderCall.Of(route, Tenants.Anonymous, atMost: null, _time);
    }

    private Dictionary<string, ProviderModel> Models(ScriptedTransport transport)
    {
        Assert.Empty(transport.Calls);
        var address = new Uri("http://127.0.0.1/v1");
        var provider = new Provider("p", new ProviderOptions { BaseUrl = address, BreakerAttempts = 1_000 }, _time);
        var breaking = new Provider("b", new ProviderOptions { BaseUrl = address, BreakerAttempts = 4 }, _time);
        return new Dictionary<string, ProviderModel>
        {
            ["gpt"] = new("gpt", provider, Limits),
            ["with-fallback"] = new("with-fallback", provider, Limits with { Fallbacks = ["gpt"] }),
            ["falls-on-breaking"] = new("falls-on-breaking", provider, new ProviderModelOptions { MaxRetries = 0, Fallbacks = ["breaking"] }),
            ["breaking"] = new("breaking", breaking, new ProviderModelOptions { MaxRetries = 0 }),
        };
    }
}
