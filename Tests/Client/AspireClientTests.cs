using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using AiPlatform.Client;
using AiPlatform.Client.Jobs;
using AiPlatform.Tests.Gateway.Fixtures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Xunit;

namespace AiPlatform.Tests.Client;

/// <summary>What <c>AddAiPlatformClient</c> registers in a service.</summary>
public sealed class AspireClientTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private const string Section = "Aspire:AiPlatform:Client";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AddAiPlatformClient_ConnectionString_GivesClientChatsAndEmbeddings()
    {
        using var host = Build(builder => builder.AddAiPlatformClient("ai").AddChatClient().AddEmbeddingGenerator("vectors", 4));

        var chat = host.Services.GetRequiredService<IChatClient>();
        var embeddings = host.Services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        var jobs = host.Services.GetRequiredService<AiPlatformClient>().Jobs;

        Assert.Equal("from-the-connection", chat.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Equal("vectors", embeddings.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId);
        Assert.Empty(await jobs.ListAsync(model: "nobody", cancellationToken: Ct).ToListAsync(Ct));
    }

    [Fact]
    public void AddKeyedAiPlatformClient_SeveralServers_AreApart()
    {
        using var host = Build(
            builder =>
            {
                builder.AddKeyedAiPlatformClient("one").AddChatClient();
                builder.AddKeyedAiPlatformClient("two").AddChatClient("other", isDurable: true);
            },
            ("ConnectionStrings:one", "Endpoint=http://one;Model=first"), ("ConnectionStrings:two", "http://two"));

        var one = host.Services.GetRequiredKeyedService<IChatClient>("one");
        var two = host.Services.GetRequiredKeyedService<IChatClient>("two");

        Assert.Equal("first", one.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Equal("other", two.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Null(host.Services.GetService<AiPlatformClient>());
    }

    [Fact]
    public void AddAiPlatformClient_Sections_TheNamedOneAndTheCodeComeLast()
    {
        AiPlatform.Client.Hosting.AiPlatformClientSettings? read = null;
        using var host = Build(
            builder => builder.AddAiPlatformClient("ai", settings =>
            {
                settings.MaxRetries = 2;
                read = settings;
            }),
            ($"{Section}:Model", "all"), ($"{Section}:MaxRetries", "9"), ($"{Section}:ai:Model", "named"),
            ($"{Section}:Timeout", "00:00:20"));

        Assert.Equal(("named", 2, TimeSpan.FromSeconds(20)), (read!.Model, read.MaxRetries, read.Timeout));
    }

    [Theory]
    [InlineData(null, "set ConnectionStrings:ai to 'Endpoint=")]
    [InlineData("", "set ConnectionStrings:ai to 'Endpoint=")]
    [InlineData("Endpoint=nowhere;Key=secret", "ConnectionStrings:ai cannot be read. The connection string's Endpoint is 'nowhere'")]
    [InlineData("Endpoint=http://ai;Key=secret", "Name a model, or set Model in the options or the connection string")]
    public async Task StartAsync_SettingIsMissingOrWrong_SaysWhatToSet(string? connection, string expected)
    {
        using var host = Build(builder => builder.AddAiPlatformClient("ai").AddChatClient(), ("ConnectionStrings:ai", connection));

        var error = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync(Ct));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, HealthStatus.Healthy)]
    [InlineData(false, HealthStatus.Unhealthy)]
    public async Task HealthCheck_SaysWhetherTheGatewayAnswers(bool isThere, HealthStatus expected)
    {
        (string, string?)[] settings = isThere ? [] : [("ConnectionStrings:ai", "http://127.0.0.1:1")];
        using var host = Build(builder => builder.AddAiPlatformClient("ai"), settings);

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Ct);

        Assert.Equal((expected, "AiPlatform.Client_ai"), (report.Status, Assert.Single(report.Entries).Key));
    }

    [Fact]
    public async Task AddAiPlatformClient_SettingsOfASection_SayWhereToCallAndWithWhich()
    {
        await using var server = await StandInServer.StartAsync(503);
        using var host = Build(
            builder => builder.AddAiPlatformClient("other").AddChatClient(),
            ($"{Section}:other:Endpoint", server.Address), ($"{Section}:Key", "aip_1"), ($"{Section}:Model", "m"),
            ($"{Section}:MaxRetries", "2"), ($"{Section}:MaxRetryDelay", "00:00:00.001"), ($"{Section}:Timeout", "00:00:45"));

        Assert.Equal("m", host.Services.GetRequiredService<IChatClient>().GetService<ChatClientMetadata>()!.DefaultModelId);
        await Assert.ThrowsAsync<AiPlatformException>(
            () => host.Services.GetRequiredService<AiPlatformClient>().Jobs.GetAsync("job_1", Ct));

        Assert.Equal(3, server.Seen.Count);
        Assert.All(server.Seen, one => Assert.Equal(("Bearer aip_1", "/v1/jobs/job_1"), (one.Authorization, one.Path)));
        Assert.InRange(double.Parse(server.Seen[0].Timeout!, CultureInfo.InvariantCulture), 40, 45);
    }

    [Theory]
    [InlineData(null, "aip_of_connection")]
    [InlineData("aip_of_section", "aip_of_section")]
    public async Task AddAiPlatformClient_ConnectionStringOfTheConfiguration_IsThatOfAspire(string? key, string expected)
    {
        await using var server = await StandInServer.StartAsync(200);
        using var host = Build(
            builder => builder.AddAiPlatformClient("ai"),
            ("ConnectionStrings:ai", $"Endpoint={server.Address};Key=aip_of_connection"),
            ($"{Section}:ConnectionString", "Endpoint=http://127.0.0.1:1;Key=aip_of_nobody"), ($"{Section}:Key", key));

        Assert.True(await host.Services.GetRequiredService<AiPlatformClient>().IsHealthyAsync(Ct));

        Assert.Equal($"Bearer {expected}", Assert.Single(server.Seen).Authorization);
    }

    [Fact]
    public async Task HealthCheck_OfEachServer_SaysWhatIsWrongWithThisOne()
    {
        await using var ready = await StandInServer.StartAsync(200);
        await using var busy = await StandInServer.StartAsync(503);
        await using var silent = await StandInServer.StartAsync(status: null);
        using var host = Build(
            builder =>
            {
                foreach (var name in (string[])["ready", "busy", "silent"]) builder.AddKeyedAiPlatformClient(name);
            },
            ("ConnectionStrings:ready", ready.Address), ("ConnectionStrings:busy", busy.Address),
            ("ConnectionStrings:silent", silent.Address));

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Ct);

        (HealthStatus, string?) Of(string name) =>
            (report.Entries[$"AiPlatform.Client_{name}"].Status, report.Entries[$"AiPlatform.Client_{name}"].Description);
        Assert.Equal((HealthStatus.Healthy, null), Of("ready"));
        Assert.Equal((HealthStatus.Unhealthy, "The Gateway does not answer, or says that it is not ready."), Of("busy"));
        Assert.Equal(Of("busy"), Of("silent"));
        Assert.All([ready, busy, silent], server => Assert.Equal("/health", Assert.Single(server.Seen).Path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tracing_AJob_HasASpanUnlessDisabled(bool isDisabled)
    {
        List<Activity> spans = [];
        using var host = Build(
            builder =>
            {
                builder.AddAiPlatformClient("ai");
                builder.Services.AddOpenTelemetry().WithTracing(traces => traces.AddProcessor(new Kept(spans)));
            },
            ($"{Section}:DisableTracing", isDisabled.ToString()), ($"{Section}:DisableHealthChecks", "true"));
        host.Services.GetRequiredService<TracerProvider>();

        var request = new JobRequest { Endpoint = "/v1/none", Body = System.Text.Json.JsonDocument.Parse("{}").RootElement };
        await Assert.ThrowsAsync<AiPlatformException>(
            () => host.Services.GetRequiredService<AiPlatformClient>().Jobs.SubmitAsync(request, Ct));

        Assert.Equal(isDisabled ? [] : ["submit job"], spans.Select(span => span.DisplayName));
        Assert.Null(host.Services.GetService<HealthCheckService>());
    }

    private sealed class Kept(List<Activity> spans) : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data) => spans.Add(data);
    }

    private IHost Build(Action<HostApplicationBuilder> add, params (string Key, string? Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(
        [
            KeyValuePair.Create("ConnectionStrings:ai", (string?)$"Endpoint={gateway.Gateway.Address};Model=from-the-connection"),
        ]);
        builder.Configuration.AddInMemoryCollection(settings.Select(one => KeyValuePair.Create(one.Key, one.Value)));
        add(builder);
        return builder.Build();
    }

    /// <summary>A server that answers every request with the same status, or not at all.</summary>
    private sealed class StandInServer : IAsyncDisposable
    {
        private readonly ConcurrentQueue<(string Path, string? Authorization, string? Timeout)> _seen = [];
        private readonly WebApplication _app;

        private StandInServer(int? status)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            _app = builder.Build();
            _app.Urls.Add("http://127.0.0.1:0");
            _app.Run(async context =>
            {
                var request = context.Request;
                _seen.Enqueue((request.Path, request.Headers.Authorization, request.Headers["X-Request-Timeout"]));
                if (status is null) await new TaskCompletionSource().Task.WaitAsync(context.RequestAborted);
                context.Response.StatusCode = status!.Value;
                await context.Response.WriteAsJsonAsync(new { }, context.RequestAborted);
            });
        }

        public string Address => _app.Urls.Single();

        public IReadOnlyList<(string Path, string? Authorization, string? Timeout)> Seen => [.. _seen];

        public static async Task<StandInServer> StartAsync(int? status)
        {
            var server = new StandInServer(status);
            await server._app.StartAsync(Ct);
            return server;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}
