using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Loading;

public sealed class DoctorTests
{
    [Fact]
    public void Run_ShippedModels_SaysOkForEach()
    {
        var (exitCode, lines) = Run(new ModelOptions { Path = Checkout.Models, Device = DevicePreference.Cpu });

        Assert.Equal(0, exitCode);
        Assert.All(lines, line => Assert.StartsWith("ok ", line, StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("all-minilm-l6-v2", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_ModelThatIsNoOnnxFile_SaysWhichAndFails()
    {
        using var root = new TemporaryFolder();
        var manifest = Manifests.Json();
        var folder = Manifests.Write(root.Path, "broken", manifest);
        File.Copy(Path.Combine(Manifests.ShippedFolder, "tokenizer.json"), Path.Combine(folder, "tokenizer.json"), overwrite: true);
        manifest["files"]!["tokenizer.json"] = Manifests.Json()["files"]!["tokenizer.json"]!.DeepClone();
        File.WriteAllText(Path.Combine(folder, "model.json"), manifest.ToJsonString());

        var (exitCode, lines) = Run(new ModelOptions { Path = root.Path, Device = DevicePreference.Cpu });

        Assert.Equal(1, exitCode);
        Assert.Contains(lines, line => line.Contains("broken/model.onnx: ONNX Runtime cannot load it on cpu", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_TaskOfALaterVersion_IsNamed()
    {
        using var root = new TemporaryFolder();
        var folder = Directory.CreateDirectory(Path.Combine(root.Path, "chat")).FullName;
        File.WriteAllText(Path.Combine(folder, "model.json"), """{"name":"chat","task":"speech","max_tokens":8192,"vocab":"x"}""");

        var (exitCode, lines) = Run(new ModelOptions { Path = root.Path, Device = DevicePreference.Cpu });

        Assert.Equal(1, exitCode);
        Assert.Contains(lines, line => line.Contains("task 'speech' is not supported by this version", StringComparison.Ordinal));
    }

    /// <summary>Opening a pipe waits for a writer.</summary>
    [Fact]
    public async Task Run_PipeInPlaceOfAFile_IsRefusedAtOnce()
    {
        using var root = new TemporaryFolder();
        var folder = Manifests.Write(root.Path, "pipe", Manifests.Json());
        File.Delete(Path.Combine(folder, "model.onnx"));
        using (var pipe = System.Diagnostics.Process.Start("mkfifo", [Path.Combine(folder, "model.onnx")]))
            await pipe.WaitForExitAsync(TestContext.Current.CancellationToken);

        var running = Task.Run(
            () => Run(new ModelOptions { Path = root.Path, Device = DevicePreference.Cpu }), TestContext.Current.CancellationToken);
        var (exitCode, lines) = await running.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

        Assert.Equal(1, exitCode);
        Assert.Contains(lines, line => line.Contains("pipe/model.onnx: the file has 0 bytes", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_NamesWithEscapeSequences_PrintsNoneOfThem()
    {
        using var root = new TemporaryFolder();
        var named = Manifests.Json();
        named["name"] = "\u001b[31mred";
        Manifests.Write(root.Path, "fol\u001b[2Jder", named);
        Manifests.Write(root.Path, "broken\nok    fine", new System.Text.Json.Nodes.JsonObject { ["task"] = "\u001b]0;title\u0007" });

        var (exitCode, lines) = Run(new ModelOptions { Path = root.Path, Device = DevicePreference.Cpu });

        Assert.Equal(1, exitCode);
        Assert.DoesNotContain(lines, line => line.Any(char.IsControl));
        Assert.DoesNotContain(lines, line => line.StartsWith("ok    fine", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("fol\\u001B[2Jder", StringComparison.Ordinal));
    }

    /// <summary>The shipped model knows 512 positions, whatever its manifest says.</summary>
    [Fact]
    public void Run_MaxTokensAboveTheModels_SaysHowManyItTakes()
    {
        using var root = new TemporaryFolder();
        var manifest = Manifests.Json();
        manifest["max_tokens"] = 1_024;
        var folder = Directory.CreateDirectory(Path.Combine(root.Path, "long")).FullName;
        foreach (var file in Directory.GetFiles(Manifests.ShippedFolder))
            File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(file)), file);
        File.Delete(Path.Combine(folder, "model.json"));
        File.WriteAllText(Path.Combine(folder, "model.json"), manifest.ToJsonString());

        var (exitCode, lines) = Run(new ModelOptions { Path = root.Path, Device = DevicePreference.Cpu });

        Assert.Equal(1, exitCode);
        Assert.Contains(
            lines, line => line.Contains("inputs of up to 512 tokens; the field 'max_tokens' in model.json is 1024", StringComparison.Ordinal));
    }

    private static (int ExitCode, string[] Lines) Run(ModelOptions options)
    {
        using var output = new StringWriter();
        var exitCode = new Doctor(Options.Create(options), output).Run();
        return (exitCode, output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }
}
