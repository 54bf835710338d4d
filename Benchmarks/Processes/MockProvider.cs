using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>
/// A provider in OpenAI's dialect that needs almost no CPU: one thread of a C program; or one behind TLS, see
/// <see cref="HttpsProvider"/>. The model's name says how it answers.
/// </summary>
internal sealed class MockProvider : IAsyncDisposable
{
    private const string Source = "mock";

    private readonly HttpClient _http;

    private MockProvider(ChildProcess process, int port, string? certificateFile)
    {
        (Process, Port, CertificateFile) = (process, port, certificateFile);
        _http = HttpOf(port, certificateFile);
    }

    public ChildProcess Process { get; }

    public int Port { get; }

    /// <summary>The authority that its callers must trust; null without TLS.</summary>
    public string? CertificateFile { get; }

    /// <summary>Its API, as a provider's address.</summary>
    public string Address => $"{_http.BaseAddress}v1";

    /// <summary>Compiles it, unless that is done.</summary>
    public static Task CompileAsync(CancellationToken cancellationToken) => PeerProgram.CompileAsync(Source, cancellationToken);

    /// <summary>Started with <paramref name="launcher"/>, such as <c>taskset -c 1</c>.</summary>
    public static async Task<MockProvider> StartAsync(IReadOnlyList<string> launcher, CancellationToken cancellationToken)
    {
        var port = FreePort.Next();
        string[] command = [.. launcher, PeerProgram.BinaryOf(Source), $"{port}"];
        var process = await ChildProcess.Start(command[0], command[1..])
            .OnceAsync(started => Waiting.UntilOkAsync(started, port, "/healthz", cancellationToken));
        return new MockProvider(process, port, certificateFile: null);
    }

    /// <summary>One behind TLS, started with <paramref name="launcher"/>.</summary>
    public static async Task<MockProvider> StartHttpsAsync(IReadOnlyList<string> launcher, CancellationToken cancellationToken)
    {
        var port = FreePort.Next();
        var file = Path.Combine(Path.GetTempPath(), $"aiplatform-bench-{Guid.NewGuid():n}.pem");
        string[] command = [.. launcher, "dotnet", Checkout.Program("Benchmarks"), HttpsProvider.Role, $"{port}", file];
        using var http = HttpOf(port, file);
        var process = await ChildProcess.Start(command[0], command[1..])
            .OnceAsync(started => Waiting.UntilOkAsync(started, http, "/healthz", cancellationToken));
        return new MockProvider(process, port, file);
    }

    /// <summary>Requests that have arrived and are not answered yet.</summary>
    public async Task<int> InFlightAsync(CancellationToken cancellationToken) =>
        (await _http.GetFromJsonAsync<JsonElement>(new Uri("/stats", UriKind.Relative), cancellationToken))
            .GetProperty("inflight").GetInt32();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Process.DisposeAsync();
        if (CertificateFile is not null) File.Delete(CertificateFile);
    }

    private static HttpClient HttpOf(int port, string? certificateFile)
    {
        var handler = new SocketsHttpHandler();
        if (certificateFile is not null)
            handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => IsIn(certificateFile, shown);
        return new HttpClient(handler) { BaseAddress = new Uri($"{(certificateFile is null ? "http" : "https")}://127.0.0.1:{port}") };
    }

    private static bool IsIn(string certificateFile, X509Certificate? shown)
    {
        using var own = X509Certificate2.CreateFromPem(File.ReadAllText(certificateFile));
        return own.Equals(shown);
    }
}
