using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using System.Text.RegularExpressions;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Deploy;

/// <summary>
/// What the all-in-one image consists of, put into an empty folder by the script that its Dockerfile runs, and started by the program that
/// the image starts, without an SDK.
/// </summary>
[Collection("publishing, one after the other")]
[UnsupportedOSPlatform("windows")]
public sealed partial class AllInOneTests : IDisposable
{
    /// <summary>Stands before the machine's dotnet, and does what that does where there is only the runtime.</summary>
    private const string RuntimeOnly = """
        #!/bin/bash
        case ${1:-} in
          --version | --list-sdks | build | publish | restore | tool | new) echo "No .NET SDKs were found." >&2; exit 145 ;;
        esac
        exec DOTNET "$@"
        """;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(10);

    private readonly string _folder = Directory.CreateTempSubdirectory("aiplatform-all-in-one-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [GeneratedRegex("can show again: (aip_[^ \n]+)")]
    private static partial Regex MadeKey { get; }

    [GeneratedRegex(@"^COPY ([^-\s]\S*) ", RegexOptions.Multiline)]
    private static partial Regex Copied { get; }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Dockerfile_NamesWhatIsThere_AndHasNoRights()
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "all-in-one", "Dockerfile"));

        Assert.All(Copied.Matches(text), copied => Assert.True(Path.Exists(Path.Combine(Checkout.Root, copied.Groups[1].Value))));
        Assert.True(
            text.IndexOf("COPY models ", StringComparison.Ordinal) < text.IndexOf("COPY --from=build", StringComparison.Ordinal),
            "The models come before the programs, which change more often.");
        Assert.Matches(@"(?m)^USER 1654$", text);
        Assert.Matches(@"(?m)^HEALTHCHECK ", text);
        Assert.Contains("ENTRYPOINT [\"deploy/all-in-one/run\"]", text, StringComparison.Ordinal);
        foreach (var script in (string[])["eng/ship", "deploy/all-in-one/run"])
            Assert.True(File.GetUnixFileMode(Path.Combine(Checkout.Root, script)).HasFlag(UnixFileMode.UserExecute), script);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Shipped_WithoutASdk_ServesWithAKeyOfItsOwn_AndKeepsItsData()
    {
        var shipped = Path.Combine(_folder, "shipped");
        using (var ship = Start(Path.Combine(Checkout.Root, "eng", "ship"), [shipped], []))
            await ship.EndAsync(0);
        Directory.CreateSymbolicLink(Path.Combine(shipped, "models"), Checkout.Models);
        var port = FreePort.Next();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        string key, job;
        using (var first = Run(shipped, port))
        {
            await first.UntilAsync("is ready at");
            key = MadeKey.Match(first.Said).Groups[1].Value;
            Assert.Equal(47, key.Length);
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri("/v1/models", UriKind.Relative), Ct)).StatusCode);
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using var reply = await http.PostAsJsonAsync(
                "/v1/jobs", new { endpoint = "/v1/embeddings", body = new { model = "all-minilm-l6-v2", input = "kept" } }, Ct);
            job = (await reply.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString()!;
            Assert.Equal("succeeded", await StatusAsync());
            using (var doctor = Start(Path.Combine(shipped, "ai"), ["doctor"], [.. Environment(port), ("AI_API_KEY", key)]))
            {
                await doctor.EndAsync(0);
                Assert.Contains("(runtime)", doctor.Said, StringComparison.Ordinal);
                Assert.Contains("accepted: tenant 'operator', role 'operator'", doctor.Said, StringComparison.Ordinal);
            }

            using (var bench = Start(Path.Combine(shipped, "ai"), ["bench"], Environment(port)))
            {
                await bench.EndAsync(1);
                Assert.Contains("'bench' needs a checkout", bench.Said, StringComparison.Ordinal);
            }

            await first.StopAsync();
        }

        using var second = Run(shipped, port);
        await second.UntilAsync("is ready at");
        Assert.DoesNotMatch(MadeKey, second.Said);
        Assert.Equal("succeeded", await StatusAsync());
        await second.StopAsync();

        async Task<string?> StatusAsync() =>
            (await http.GetFromJsonAsync<JsonElement>($"/v1/jobs/{job}?wait=30", Ct)).GetProperty("status").GetString();
    }

    private Shell Run(string shipped, int port) => Start(Path.Combine(shipped, "deploy", "all-in-one", "run"), [], Environment(port));

    private (string Name, string Value)[] Environment(int port)
    {
        var tools = Directory.CreateDirectory(Path.Combine(_folder, "tools")).FullName;
        var dotnet = System.Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, "dotnet"))
            .First(File.Exists);
        var path = Path.Combine(tools, "dotnet");
        File.WriteAllText(path, RuntimeOnly.Replace("DOTNET", dotnet, StringComparison.Ordinal));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return
        [
            ("PATH", $"{tools}:{System.Environment.GetEnvironmentVariable("PATH")}"), ("AI_DATA_DIR", Path.Combine(_folder, "data")),
            ("AI_PORT", port.ToString(CultureInfo.InvariantCulture)),
        ];
    }

    private static Shell Start(string program, string[] arguments, (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("env", ["--default-signal=TERM,INT", program, .. arguments]);
        (start.Environment["MSBUILDDISABLENODEREUSE"], start.Environment["UseSharedCompilation"]) = ("1", "false");
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new Shell(start);
    }

    /// <summary>A script that runs.</summary>
    private sealed class Shell : IDisposable
    {
        private readonly Process _process;
        private readonly System.Text.StringBuilder _said = new();

        public Shell(ProcessStartInfo start)
        {
            start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
            _process = new Process { StartInfo = start };
            _process.OutputDataReceived += (_, line) => Add(line.Data);
            _process.ErrorDataReceived += (_, line) => Add(line.Data);
            _process.Start();
            _process.StandardInput.Close();
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public string Said
        {
            get
            {
                lock (_said) return _said.ToString();
            }
        }

        public Task UntilAsync(string text) => Poll.UntilAsync(
            () => Said.Contains(text, StringComparison.Ordinal), () => $"it says '{text}'; it said:\n{Said}", Bound);

        public async Task EndAsync(int code)
        {
            await _process.WaitForExitAsync(Ct).WaitAsync(Bound, Ct);
            Assert.True(_process.ExitCode == code, $"It ended with {_process.ExitCode}:\n{Said}");
        }

        /// <summary>Ends it as <c>docker stop</c> does.</summary>
        public async Task StopAsync()
        {
            using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"])) await kill.WaitForExitAsync(Ct);
            await EndAsync(0);
            Assert.Contains("Stopped.", Said, StringComparison.Ordinal);
        }

        public void Dispose()
        {
            // The supervisor stops what it has started.
            if (!_process.HasExited)
            {
                using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
                _process.WaitForExit(Bound);
            }

            _process.Dispose();
        }

        private void Add(string? line)
        {
            lock (_said) _said.Append(line).Append('\n');
        }
    }
}
