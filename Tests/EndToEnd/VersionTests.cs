using System.Diagnostics;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;
using AiPlatform.Tests.EndToEnd.Otlp;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>All places that report the version report the version that was built.</summary>
public sealed class VersionTests
{
    /// <summary>All assemblies of a build have one.</summary>
    private static readonly string Built =
        typeof(VersionTests).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Version_OfABuild_IsASemanticVersionCountedFromTags()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9a-f]{40})?$", Built);
        // What nobody counted is 1.0.0, .NET's own default.
        var (_, tag) = await RunAsync("git", "-C", Checkout.Root, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*");
        if (tag.Length == 0) Assert.StartsWith("0.1.0-alpha.0", Built, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_RunningProcesses_IsToldInHealthDescriptionLogAndTelemetry()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var sut = await Platform.StartAsync(receiver.Settings("http/protobuf"));

        var description = await sut.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json", Ct);
        Assert.Equal(Built, description.GetProperty("info").GetProperty("version").GetString());
        foreach (var process in (AiProcess[])[sut.Gateway, sut.Worker])
        {
            foreach (var path in (string[])["/health", "/alive"])
            {
                var health = await sut.Http.GetFromJsonAsync<JsonElement>(new Uri(process.Address, path), Ct);
                Assert.Equal(Built, health.GetProperty("version").GetString());
            }

            await Poll.UntilAsync(
                () => process.LogText.Contains($", version {Built}", StringComparison.Ordinal),
                () => $"the start's line:\n{process.LogText}");
        }

        foreach (var service in (string[])["gateway", "inference-worker"])
        {
            await Poll.UntilAsync(() => receiver.Resources.Any(resource => resource["service.name"] == service), $"{service} exports");
            Assert.All(
                receiver.Resources.Where(resource => resource["service.name"] == service),
                resource => Assert.Equal(Built, resource.GetValueOrDefault("service.version")));
        }
    }

    [Theory]
    [InlineData("Gateway")]
    [InlineData("InferenceWorker")]
    public async Task Program_AskedForItsVersion_SaysItAndEnds(string project) =>
        Assert.Equal((0, Built), await RunAsync("dotnet", Checkout.Program(project), "--version"));

    [Theory]
    [InlineData("--version")]
    [InlineData("version")]
    public async Task Command_Built_SaysTheProgramsVersion(string argument) =>
        Assert.Equal((0, $"AiPlatform {Built}"), await RunAsync(Path.Combine(Checkout.Root, "ai"), argument));

    [Fact]
    public async Task Command_NotBuilt_SaysSo()
    {
        using var sources = new TemporaryFolder();
        var command = CopyCommand(sources.Path);

        Assert.Equal((0, "AiPlatform, not built yet: './ai setup' builds it."), await RunAsync(command, "--version"));
    }

    [Fact]
    public async Task Command_NotBuiltButARepository_NamesTheCommit()
    {
        using var sources = new TemporaryFolder();
        var command = CopyCommand(sources.Path);
        await RunAsync("git", "-C", sources.Path, "init", "-q");
        await RunAsync(
            "git", "-C", sources.Path, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q", "--allow-empty", "-m", "One");
        var (_, commit) = await RunAsync("git", "-C", sources.Path, "rev-parse", "HEAD");

        Assert.Equal((0, $"AiPlatform, not built yet, at commit {commit}: './ai setup' builds it."), await RunAsync(command, "--version"));
    }

    [Fact]
    public async Task Command_MoreThanTheVersion_IsMisused()
    {
        var (exitCode, said) = await RunAsync(Path.Combine(Checkout.Root, "ai"), "--version", "--all");

        Assert.Equal((2, ""), (exitCode, said));
    }

    /// <summary>The commands of this checkout without anything that was built.</summary>
    private static string CopyCommand(string folder)
    {
        var eng = Directory.CreateDirectory(Path.Combine(folder, "eng")).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Checkout.Root, "eng")))
            File.Copy(file, Path.Combine(eng, Path.GetFileName(file)));
        var command = Path.Combine(folder, "ai");
        File.Copy(Path.Combine(Checkout.Root, "ai"), command);
        return command;
    }

    private static async Task<(int ExitCode, string Said)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var said = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return (process.ExitCode, said.TrimEnd());
    }
}
