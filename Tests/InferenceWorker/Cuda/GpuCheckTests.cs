using System.Diagnostics;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Cuda;

/// <summary>
/// The steps of <c>eng/gpu-check</c>, among programs that stand in for the driver's, Python's and our own: they show what is called, in
/// which order, and what is said of it.
/// </summary>
public sealed class GpuCheckTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public GpuCheckTests()
    {
        foreach (var name in (string[])["gpu-check", "settings.sh", "requirements.sh"])
            Write($"eng/{name}", File.ReadAllText(Path.Combine(Checkout.Root, "eng", name)));
        Write("eng/setup", Script("echo setup"));
        Write("eng/test", Script("echo \"test $2\"", "echo \"3 passed, 0 failed\" >&3"));
        Write("bin/nvidia-smi", Script("echo 'NVIDIA H200, 143771 MiB' >&3"));
        Write("bin/python3", Script("echo \"python3 $1 $2\"", "mkdir -p \"${@: -1}/bin\"", $"cp {In("bin/pip")} \"${{@: -1}}/bin/pip\""));
        Write("bin/pip", Script("echo \"pip $1\""));
        Write("bin/dotnet", Script(
            """
            case $2 in
              device)
                echo "device ${Models__CudaPath:-none}"
                if [[ -e "$LIBRARIES" || ${Models__CudaPath:-} ]]; then echo 'cuda:0: a session was made on the CUDA device' >&3
                else echo 'error: these libraries of CUDA 13 cannot be loaded: libcublas.so.13' >&3; exit 1
                fi ;;
              --version) echo 1.2.3 >&3 ;;
              device-comparison) echo "comparison ${Models__CudaPath:-none}"; echo 'embeddings, rows/s, cuda:0  9999' >&3 ;;
            esac
            """));
    }

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task Run_LibrariesThere_TestsAndComparesAndPrintsAPage()
    {
        Write("libraries", "");

        var (exitCode, page, _) = await RunAsync();

        Assert.Equal(0, exitCode);
        Assert.Equal(
            ["setup", "device none", "device none", "test Category=Gpu|FullyQualifiedName~ChatRecoveryTests", "comparison none"], Calls);
        Assert.Contains("GPUs       NVIDIA H200, 143771 MiB", page, StringComparison.Ordinal);
        Assert.Contains("device     cuda:0: a session was made on the CUDA device", page, StringComparison.Ordinal);
        Assert.Contains("libraries  in the library path", page, StringComparison.Ordinal);
        Assert.Contains("tests      3 passed, 0 failed (log: ", page, StringComparison.Ordinal);
        Assert.Contains("  embeddings, rows/s, cuda:0  9999", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_LibrariesMissing_InstallsThemOnceForEverything()
    {
        var (exitCode, page, errors) = await RunAsync();

        Assert.Equal(0, exitCode);
        Assert.Contains("error: these libraries of CUDA 13 cannot be loaded: libcublas.so.13", errors, StringComparison.Ordinal);
        Assert.Contains($"libraries  {In("data/cuda")}", page, StringComparison.Ordinal);
        Assert.Contains("pip install", Calls);
        Assert.Equal($"comparison {In("data/cuda")}", Calls[^1]);

        await RunAsync();

        Assert.Single(Calls, call => call == "pip install");
        Assert.Equal($"comparison {In("data/cuda")}", Calls[^1]);
    }

    /// <summary>An installation that fails leaves nothing that a later run would take for the libraries.</summary>
    [Fact]
    public async Task Run_InstallationFails_IsOneAndTheNextRunInstallsAgain()
    {
        Write("bin/pip", Script("echo \"pip $1\"", "exit 1"));

        var (exitCode, _, errors) = await RunAsync();
        await RunAsync();

        Assert.Equal(1, exitCode);
        Assert.Contains("error: these libraries of CUDA 13 cannot be loaded", errors, StringComparison.Ordinal);
        Assert.EndsWith("Nothing was checked on a GPU.\n", errors, StringComparison.Ordinal);
        Assert.Equal(2, Calls.Count(call => call == "pip install"));
        Assert.DoesNotContain(Calls, call => call.StartsWith("test", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("echo '5 skipped.' >&2; echo '3 passed, 0 failed' >&3", "3 passed, 0 failed, 5 skipped (log")]
    [InlineData("echo '2 passed, 1 failed' >&3; exit 1", "2 passed, 1 failed; the test run ended with code 1 (log")]
    [InlineData("sleep 60", "; the test run did not end within 1 s (log")]
    public async Task Run_TestsThatAreNotAllPassed_IsOneAndSaysWhy(string test, string expected)
    {
        Write("libraries", "");
        Write("eng/test", Script("echo test", test));

        var (exitCode, page, _) = await RunAsync(("AI_GPU_CHECK_SECONDS", "1"));

        Assert.Equal(1, exitCode);
        Assert.Contains(expected, page, StringComparison.Ordinal);
        Assert.Contains("embeddings, rows/s", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NoDriver_SaysWhatIsNeededAndBuildsNothing()
    {
        Assert.SkipWhen(File.Exists("/proc/driver/nvidia/version"), "This machine has a driver.");
        File.Delete(In("bin/nvidia-smi"));

        var (exitCode, _, errors) = await RunAsync();

        Assert.Equal(1, exitCode);
        Assert.StartsWith("error: there is no NVIDIA driver here", errors, StringComparison.Ordinal);
        Assert.Empty(Calls);
    }

    private string[] Calls => File.Exists(In("calls")) ? File.ReadAllLines(In("calls")) : [];

    /// <summary>A script whose output is a record of its calls; what it says itself goes to descriptor 3.</summary>
    private string Script(params string[] lines) =>
        $"#!/usr/bin/env bash\nexec 3>&1 >>{In("calls")}\n{string.Join('\n', lines)}\n";

    private string In(string path) => Path.Combine(_root.Path, path);

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(In(path))!);
        File.WriteAllText(In(path), text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(In(path), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task<(int ExitCode, string Page, string Errors)> RunAsync(params (string Name, string Value)[] settings)
    {
        var command = new ProcessStartInfo(In("eng/gpu-check")) { RedirectStandardOutput = true, RedirectStandardError = true };
        command.Environment["PATH"] = $"{In("bin")}:/usr/bin:/bin";
        command.Environment["HOME"] = _root.Path;
        command.Environment["AI_DATA_DIR"] = In("data");
        command.Environment["LIBRARIES"] = In("libraries");
        command.Environment.Remove("Models__CudaPath");
        foreach (var (name, value) in settings) command.Environment[name] = value;
        using var process = Process.Start(command)!;
        var (page, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (process.ExitCode, await page, await errors);
    }
}
