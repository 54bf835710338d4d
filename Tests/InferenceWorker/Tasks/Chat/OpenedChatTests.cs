using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks.Chat;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using AiPlatform.Tests.InferenceWorker.Generation.Fixtures;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Tasks.Chat;

/// <summary>On which device a language model runs, and with which file.</summary>
public sealed class OpenedChatTests : IDisposable
{
    private static readonly ExecutionDevice Cpu = new(null, "tests");
    private static readonly ExecutionDevice Cuda = new(1, "tests");

    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void PlaceOf_ShippedModel_IsItsOwnFileOnEachDevice()
    {
        var manifest = (ChatManifest)ManifestReader.Read(SmolLm.Folder);

        var onCpu = OpenedChat.PlaceOf(manifest, Cpu, new ModelOptions(), new GenerationOptions { CudaGraphs = true });
        var onCuda = OpenedChat.PlaceOf(manifest, Cuda, new ModelOptions(), new GenerationOptions { CudaGraphs = true });

        Assert.Equal((Cpu, null, false), (onCpu.Device, onCpu.File, onCpu.CapturesGraphs));
        Assert.Equal((Cuda, "model.cuda.onnx", true), (onCuda.Device, onCuda.File, onCuda.CapturesGraphs));
    }

    [Fact]
    public void PlaceOf_NoFileForCuda_IsTheCpuAndSaysWhy()
    {
        var json = Json();
        json.Remove("cuda_model");
        var manifest = (ChatManifest)ManifestReader.Read(Manifests.Write(_root.Path, "chat", json));

        var place = OpenedChat.PlaceOf(manifest, Cuda, new ModelOptions(), new GenerationOptions());

        Assert.Equal(("cpu", "the manifest names no 'cuda_model'", null), (place.Device.Name, place.Device.Reason, place.File));
    }

    [Fact]
    public void Read_FileForCudaThatIsNotListed_IsRefused()
    {
        var json = Json();
        json["cuda_model"] = "other.onnx";

        var refused = Assert.Throws<ModelProblemException>(() => ManifestReader.Read(Manifests.Write(_root.Path, "chat", json)));

        Assert.Contains("'cuda_model' is 'other.onnx', which 'files' does not list", refused.Message, StringComparison.Ordinal);
    }

    private static JsonObject Json() => JsonNode.Parse(File.ReadAllText(Path.Combine(SmolLm.Folder, "model.json")))!.AsObject();
}
