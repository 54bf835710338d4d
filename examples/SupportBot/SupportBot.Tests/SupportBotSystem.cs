using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Xunit;

namespace SupportBot.Tests;

/// <summary>The whole system as its AppHost starts it, with a real model, for all tests of a class.</summary>
public sealed class SupportBotSystem : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Accepts connections, as a proxy does whose program has died, and never answers.</summary>
    private readonly TcpListener _silence = new(IPAddress.Loopback, port: 0);

    private readonly string _data = Directory.CreateTempSubdirectory("supportbot-").FullName;
    private DistributedApplication? _app;

    /// <summary>Calls the service.</summary>
    public HttpClient Http { get; private set; } = null!;

    /// <summary>Calls a service that cannot reach its platform.</summary>
    public HttpClient Alone { get; private set; } = null!;

    /// <summary>Calls a service whose platform accepts connections and says nothing.</summary>
    public HttpClient Unanswered { get; private set; } = null!;

    private DistributedApplication App => _app ?? throw new InvalidOperationException("The system has not started.");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        // Jobs of earlier runs stay where they are: this run has a Redis and a folder of its own.
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.SupportBot_AppHost>(
            [$"--Aspire:Store:Path={_data}", "--Logging:LogLevel:Default=None"], Ct);
        // A second service, whose platform is not there.
        builder.AddProject<Projects.SupportBot_Api>("api-alone")
            .WithEnvironment("ConnectionStrings__ai", "Endpoint=http://127.0.0.1:9;Model=none")
            .WithHttpEndpoint();
        _silence.Start();
        var silence = $"Endpoint=http://{_silence.LocalEndpoint};Model=none";
        builder.AddProject<Projects.SupportBot_Api>("api-unanswered")
            .WithEnvironment("ConnectionStrings__ai", silence)
            .WithHttpEndpoint();
        _app = await builder.BuildAsync(Ct);
        await _app.StartAsync(Ct).WaitAsync(Bound, Ct);
        await UntilHealthyAsync("api");
        Http = _app.CreateHttpClient("api");
        Alone = _app.CreateHttpClient("api-alone");
        Unanswered = _app.CreateHttpClient("api-unanswered");
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        Alone?.Dispose();
        Unanswered?.Dispose();
        _silence.Dispose();
        if (_app is not null) await _app.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    /// <summary>What others read to reach a resource.</summary>
    public async Task<string> ConnectionStringAsync(string resource) => (await App.GetConnectionStringAsync(resource, Ct))!;

    /// <summary>Ends a program as <c>kill -9</c> does, starts it again as the dashboard does, and waits until it is healthy.</summary>
    public async Task KillAndStartAsync(string name)
    {
        var notifications = App.ResourceNotifications;
        var now = await notifications.WaitForResourceAsync(name, one => one.Snapshot.State?.Text == KnownResourceStates.Running, Ct);
        var id = $"{now.Snapshot.Properties.Single(property => property.Name == "executable.pid").Value}";
        using (var process = Process.GetProcessById(int.Parse(id, CultureInfo.InvariantCulture))) process.Kill(entireProcessTree: true);
        await notifications.WaitForResourceAsync(name, KnownResourceStates.TerminalStates, Ct).WaitAsync(Bound, Ct);

        var started = await App.ResourceCommands.ExecuteCommandAsync(now.Resource, KnownResourceCommands.StartCommand, Ct);
        Assert.True(started.Success, started.Message);
        await UntilHealthyAsync(name);
    }

    /// <summary>Asks again and again, for a bounded time.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isIt, string what)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await ask();
            if (isIt(answer)) return answer;
            if (TimeProvider.System.GetElapsedTime(start) > Bound) Assert.Fail($"In vain until {what}. It is {answer}.");
            await Task.Delay(Pause, TimeProvider.System, Ct);
        }
    }

    private async Task UntilHealthyAsync(string resource) =>
        await App.ResourceNotifications.WaitForResourceHealthyAsync(resource, Ct).WaitAsync(Bound, Ct);
}
