using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace AiPlatform.Tests.Deploy;

/// <summary>
/// The images, as the .NET SDK makes them, on a stand-in for their base images, into a registry on this machine: what is in which layer,
/// and what a change of the program pushes.
/// </summary>
[Collection("publishing, one after the other")]
[Trait("Category", "Long")]
public sealed class ImageTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aiplatform-images-").FullName;
    private OciRegistry _registry = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _registry = await OciRegistry.StartAsync(Ct);

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Worker_OnAnImageOfModels_PushesItsProgramOnly()
    {
        var models = Directory.CreateDirectory(Path.Combine(_folder, "models", "tiny")).Parent!.FullName;
        await File.WriteAllTextAsync(Path.Combine(models, "tiny", "model.json"), "{}", Ct);
        var based = _registry.AddBase("base");

        await PublishAsync("InferenceWorker", "-p:OnlyModels=true", $"-p:ModelsFolder={models}", $"-p:ContainerBaseImage={based}");
        await PublishAsync("InferenceWorker", "-p:Cuda=false", $"-p:ModelsImage={_registry.Name}/aiplatform/models:latest");
        var (ofModels, worker) = (_registry.Image("aiplatform/models:latest"), _registry.Image("aiplatform/inference-worker:latest"));

        Assert.Equal(2, ofModels.Layers.Count);
        Assert.Equal(["app/models/tiny/model.json"], ofModels.Layers[1].Files.Keys);
        Assert.Equal(3, worker.Layers.Count);
        Assert.Equal(ofModels.Layers.Select(layer => layer.Digest), worker.Layers.Take(2).Select(layer => layer.Digest));
        var program = worker.Layers[2].Files.Keys;
        Assert.Contains("app/AiPlatform.InferenceWorker.dll", program);
        Assert.Contains("app/AiPlatform.InferenceWorker", program);
        Assert.Contains("app/libonnxruntime.so", program);
        Assert.DoesNotContain(program, file => file.Contains("/models/", StringComparison.Ordinal));
        Assert.DoesNotContain(program, file => file.Contains("cuda", StringComparison.Ordinal));
        CheckHead(worker, "AiPlatform InferenceWorker", "InferenceWorker");
        Assert.Equal("AiPlatform models", ofModels.Label("title"));

        // Another program: its layer and its configuration are pushed, and nothing else. In a checkout the version is MinVer's.
        var before = _registry.Pushed.Count();
        await PublishAsync(
            "InferenceWorker", "-p:Cuda=false", $"-p:ModelsImage={_registry.Name}/aiplatform/models:latest",
            "-p:MinVerVersionOverride=9.8.7");
        var changed = _registry.Image("aiplatform/inference-worker:latest");

        Assert.Equal("9.8.7", changed.Label("version"));
        Assert.NotEqual(worker.Layers[2].Digest, changed.Layers[2].Digest);
        Assert.Equal(2, _registry.Pushed.Count() - before);
        Assert.DoesNotContain(ofModels.Layers[1].Digest, _registry.Pushed.Skip(before));
    }

    [Fact]
    public async Task Gateway_InAnArchive_RunsFromItsLayers()
    {
        var archive = Path.Combine(_folder, "gateway.tar");

        await RunAsync(
            Checkout.Root, "dotnet", "publish", "Gateway", "-c", "Release", "-r", "linux-x64", "-t:PublishContainer",
            $"-p:ContainerBaseImage={_registry.AddBase("base")}", $"-p:ContainerArchiveOutputPath={archive}",
            "--artifacts-path", Path.Combine(_folder, "artifacts"));
        var gateway = OciImage.FromArchive(archive);

        CheckHead(gateway, "AiPlatform Gateway", "Gateway");
        var app = Directory.CreateDirectory(Path.Combine(_folder, "app")).FullName;
        foreach (var (name, content) in gateway.Layers[^1].Files.Where(file => !file.Key[4..].Contains('/', StringComparison.Ordinal)))
            await File.WriteAllBytesAsync(Path.Combine(app, name[4..]), content, Ct);
        var version = await RunAsync(app, "dotnet", "AiPlatform.Gateway.dll", "--version");
        Assert.StartsWith(gateway.Label("version")!, version, StringComparison.Ordinal);
        Assert.Equal(version.Trim().Split('+')[1], gateway.Label("revision"));
    }

    private static void CheckHead(OciImage image, string title, string program)
    {
        var config = image.About.GetProperty("config");
        Assert.Equal("1654", config.GetProperty("User").GetString());
        Assert.Equal("/app/", config.GetProperty("WorkingDir").GetString());
        Assert.True(config.GetProperty("ExposedPorts").TryGetProperty("8080/tcp", out _));
        string[] command = [.. Texts(config, "Entrypoint"), .. Texts(config, "Cmd")];
        Assert.Equal(["dotnet", $"/app/AiPlatform.{program}.dll"], command);
        Assert.Equal((title, "MIT", "AiPlatform contributors"), (image.Label("title"), image.Label("licenses"), image.Label("vendor")));
        Assert.Equal(40, image.Label("revision")?.Length);
        Assert.StartsWith("0.", image.Label("version") ?? "", StringComparison.Ordinal);
    }

    private static IEnumerable<string> Texts(JsonElement config, string name) =>
        config.TryGetProperty(name, out var texts) && texts.ValueKind == JsonValueKind.Array
            ? texts.EnumerateArray().Select(text => text.GetString()!) : [];

    private Task<string> PublishAsync(string project, params string[] more) => RunAsync(
        Checkout.Root, "dotnet",
        [
            "publish", project, "-c", "Release", "-r", "linux-x64", "-t:PublishContainer", $"-p:ContainerRegistry={_registry.Name}",
            "--artifacts-path", Path.Combine(_folder, "artifacts"), .. more,
        ]);

    private async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_CONTAINER_INSECURE_REGISTRIES"] = _registry.Name;
        // No build server may outlive the test.
        (start.Environment["MSBUILDDISABLENODEREUSE"], start.Environment["UseSharedCompilation"]) = ("1", "false");
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output}\n{await errors}");
        return await output;
    }
}
