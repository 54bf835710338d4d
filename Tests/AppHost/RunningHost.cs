using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace AiPlatform.Tests.AppHost;

/// <summary>
/// The system as Aspire's orchestrator starts it, with the ports that it has outside of tests, and without the dashboard.
/// </summary>
internal sealed class RunningHost : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly IDistributedApplicationTestingBuilder _builder;
    private readonly DistributedApplication _application;
    private bool _isStopped;

    private RunningHost(IDistributedApplicationTestingBuilder builder, DistributedApplication application)
    {
        (_builder, _application) = (builder, application);
        Http = application.CreateHttpClient("gateway", "http");
    }

    /// <summary>Calls the Gateway.</summary>
    public HttpClient Http { get; }

    public Uri Address => Http.BaseAddress!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Starts everything, and waits until the Gateway is healthy.</summary>
    /// <param name="settings">Such as <c>--Inference:Replicas=2</c>.</param>
    public static async Task<RunningHost> StartAsync(params string[] settings)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            ["--Logging:LogLevel:Default=Warning", "--DcpPublisher:RandomizePorts=false", .. settings], Ct);
        var application = await builder.BuildAsync(Ct).WaitAsync(Bound, Ct);
        try
        {
            await application.StartAsync(Ct).WaitAsync(Bound, Ct);
            await application.ResourceNotifications.WaitForResourceHealthyAsync("gateway", Ct).WaitAsync(Bound, Ct);
            return new RunningHost(builder, application);
        }
        catch
        {
            await application.DisposeAsync();
            await builder.DisposeAsync();
            throw;
        }
    }

    /// <summary>Calls with this key from now on.</summary>
    public void UseKey(string key) => Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);

    /// <summary>The replicas of a resource, by the names that the dashboard shows; waits until there are so many.</summary>
    public async Task<string[]> ReplicasOfAsync(string resource, int count)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        await _application.ResourceNotifications.WaitForResourceAsync(
            resource, change => (names.Add(change.ResourceId) || true) && names.Count == count, Ct).WaitAsync(Bound, Ct);
        return [.. names];
    }

    public string? StateOf(string replica) =>
        _application.ResourceNotifications.TryGetCurrentState(replica, out var now) ? now.Snapshot.State?.Text : null;

    /// <summary>A property of a resource, such as <c>executable.pid</c>.</summary>
    public string? PropertyOf(string replica, string name) =>
        _application.ResourceNotifications.TryGetCurrentState(replica, out var now)
            ? now.Snapshot.Properties.FirstOrDefault(property => property.Name == name)?.Value?.ToString() : null;

    /// <summary>Waits until the dashboard shows a resource in this health.</summary>
    public Task UntilHealthAsync(string resource, HealthStatus health) => _application.ResourceNotifications
        .WaitForResourceAsync(resource, change => change.Snapshot.HealthStatus == health, Ct).WaitAsync(Bound, Ct);

    /// <summary>Waits until the log of a resource, which the dashboard shows, has a text.</summary>
    public async Task UntilLoggedAsync(string resource, string text)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        bound.CancelAfter(Bound);
        var log = _application.Services.GetRequiredService<ResourceLoggerService>().WatchAsync(resource);
        await foreach (var lines in log.WithCancellation(bound.Token))
            if (lines.Any(line => line.Content.Contains(text, StringComparison.Ordinal))) return;
        Assert.Fail($"The log of {resource} has ended without '{text}'.");
    }

    /// <param name="resource">A resource, whose first replica is meant, or a replica.</param>
    /// <param name="command">The command's name.</param>
    /// <param name="inputs">What it asks for.</param>
    public async Task<ExecuteCommandResult> TryAsync(string resource, string command, params (string Name, string? Value)[] inputs)
    {
        var notifications = _application.ResourceNotifications;
        var replica = notifications.TryGetCurrentState(resource, out var now) ? now.ResourceId
            : (await notifications.WaitForResourceAsync(resource, _ => true, Ct)).ResourceId;
        return await _application.ResourceCommands.ExecuteCommandAsync(
            replica,
            command,
            new InteractionInputCollection(
                [.. inputs.Select(input => new InteractionInput { Name = input.Name, InputType = InputType.Text, Value = input.Value })]),
            Ct);
    }

    /// <summary>Presses a command, which must succeed.</summary>
    public async Task<ExecuteCommandResult> PressAsync(string resource, string command, params (string Name, string? Value)[] inputs)
    {
        var result = await TryAsync(resource, command, inputs);
        Assert.True(result.Success, result.Message);
        return result;
    }

    /// <summary>The queues, by their names.</summary>
    public async Task<Dictionary<string, JsonElement>> QueuesAsync()
    {
        var list = await Http.GetFromJsonAsync<JsonElement>("/v1/queues", Ct);
        return list.GetProperty("data").EnumerateArray().ToDictionary(queue => queue.GetProperty("queue").GetString()!);
    }

    /// <summary>Stops all processes in good order.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isStopped) return;
        _isStopped = true;
        Http.Dispose();
        await _application.StopAsync(CancellationToken.None).WaitAsync(Bound, CancellationToken.None);
        await _application.DisposeAsync();
        await _builder.DisposeAsync();
    }
}
