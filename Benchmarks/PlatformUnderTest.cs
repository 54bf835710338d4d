using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace AiPlatform.Benchmarks;

/// <summary>Redis, one Gateway and one InferenceWorker as real processes on free ports; ended when disposed.</summary>
internal sealed class PlatformUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly List<Process> _processes = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("ai-bench-").FullName;

    public HttpClient Http { get; } = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1_000 });

    public static async Task<PlatformUnderTest> StartAsync(string root)
    {
        var platform = new PlatformUnderTest();
        int redis = FreePort(), worker = FreePort(), gateway = FreePort();
        platform.Start("redis-server", ["--port", $"{redis}", "--bind", "127.0.0.1", "--dir", platform._folder, "--save", "", "--appendonly", "yes"], []);
        (string, string)[] settings = [("ConnectionStrings__redis", $"127.0.0.1:{redis}"), ("Models__Path", Path.Combine(root, "models")), ("Logging__LogLevel__Default", "Warning")];
        platform.StartProgram(root, "InferenceWorker", worker, settings);
        platform.StartProgram(root, "Gateway", gateway, settings);
        platform.Http.BaseAddress = new Uri($"http://127.0.0.1:{gateway}");
        await platform.UntilOkAsync(new Uri($"http://127.0.0.1:{worker}/health"));
        await platform.UntilOkAsync(new Uri(platform.Http.BaseAddress, "/v1/models/all-minilm-l6-v2"));
        return platform;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        foreach (var process in Enumerable.Reverse(_processes))
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private void StartProgram(string root, string project, int port, (string, string)[] settings) => Start(
        "dotnet", [Path.Combine(root, "artifacts", "bin", project, "release", $"AiPlatform.{project}.dll")],
        [.. settings, ("ASPNETCORE_URLS", $"http://127.0.0.1:{port}")]);

    private void Start(string program, string[] arguments, (string Key, string Value)[] settings)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        foreach (var (key, value) in settings) start.Environment[key] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        _processes.Add(process);
    }

    private async Task UntilOkAsync(Uri address)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var reply = await Http.GetAsync(address);
                if (reply.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            if (Stopwatch.GetElapsedTime(start) > Patience) throw new TimeoutException($"{address} was not ready within {Patience}.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
