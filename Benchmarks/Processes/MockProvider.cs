using System.Net.Http.Json;
using System.Text.Json;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>
/// A provider in OpenAI's dialect that needs almost no CPU: one thread of a C program. The model's name says how it answers.
/// </summary>
internal sealed class MockProvider : IAsyncDisposable
{
    private const string Source = "mock";

    private readonly HttpClient _http;

    private MockProvider(ChildProcess process, int port)
    {
        (Process, Port) = (process, port);
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    public ChildProcess Process { get; }

    public int Port { get; }

    /// <summary>Its API, as a provider's address.</summary>
    public string Address => $"http://127.0.0.1:{Port}/v1";

    /// <summary>Compiles it, unless that is done.</summary>
    public static Task CompileAsync(CancellationToken cancellationToken) => PeerProgram.CompileAsync(Source, cancellationToken);

    /// <summary>Started with <paramref name="launcher"/>, such as <c>taskset -c 1</c>.</summary>
    public static async Task<MockProvider> StartAsync(IReadOnlyList<string> launcher, CancellationToken cancellationToken)
    {
        var port = FreePort.Next();
        string[] command = [.. launcher, PeerProgram.BinaryOf(Source), $"{port}"];
        var process = await ChildProcess.Start(command[0], command[1..])
            .OnceAsync(started => Waiting.UntilOkAsync(started, port, "/healthz", cancellationToken));
        return new MockProvider(process, port);
    }

    /// <summary>Requests that have arrived and are not answered yet.</summary>
    public async Task<int> InFlightAsync(CancellationToken cancellationToken) =>
        (await _http.GetFromJsonAsync<JsonElement>(new Uri("/stats", UriKind.Relative), cancellationToken))
            .GetProperty("inflight").GetInt32();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Process.DisposeAsync();
    }
}
