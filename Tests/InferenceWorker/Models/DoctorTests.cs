using AiPlatform.InferenceWorker.Models;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Models;

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
        File.WriteAllText(Path.Combine(folder, "model.json"), """{"name":"chat","task":"text-generation","max_tokens":8192,"vocab":"x"}""");

        var (exitCode, lines) = Run(new ModelOptions { Path = root.Path, Device = DevicePreference.Cpu });

        Assert.Equal(1, exitCode);
        Assert.Contains(lines, line => line.Contains("task 'text-generation' is not supported by this version", StringComparison.Ordinal));
    }

    private static (int ExitCode, string[] Lines) Run(ModelOptions options)
    {
        using var output = new StringWriter();
        var exitCode = new Doctor(Options.Create(options), output).Run();
        return (exitCode, output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }
}
