using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Tasks.Chat;
using AiPlatform.InferenceWorker.Tasks.Embeddings;
using Microsoft.Extensions.Configuration;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Devices;

/// <summary>
/// Measures the shipped models on the device that the worker would choose, and beside it on the CPU: without HTTP and Redis, for a minute
/// or so. <c>./ai gpu-check</c> prints it. The settings are the worker's, from the environment.
/// </summary>
internal static class DeviceComparison
{
    public const string Role = "device-comparison";

    private static readonly int[] Clients = [1, 8, 32, 128];

    public static async Task RunAsync()
    {
        var settings = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        var options = settings.GetSection(ModelOptions.SectionName).Get<ModelOptions>() ?? new ModelOptions();
        var chosen = Choose(options);
        Console.WriteLine($"{"",-36}{string.Concat(Clients.Select(clients => Invariant($"{clients,9}")))}  clients");
        var cpu = new ExecutionDevice(null, "compared");
        foreach (var device in chosen.IsCuda ? (ExecutionDevice[])[chosen, cpu] : [chosen])
        {
            await PrintAsync($"embeddings, rows/s, {device.Name}", EmbeddingRate.MeasureAsync(Embeddings(), device, options, Clients));
            await PrintAsync($"chat, tokens/s, {device.Name}", ChatRate.MeasureAsync(Chat(), device, options, Clients));
            await PrintAsync($"bare loop, tokens/s, {device.Name}", ChatRate.MeasureBareAsync(Chat(), device, options, Clients));
        }
    }

    private static ExecutionDevice Choose(ModelOptions options)
    {
        try
        {
            return ExecutionDeviceChoice.Choose(options);
        }
        catch (ModelProblemException impossible)
        {
            throw new BenchmarkException(impossible.Message);
        }
    }

    private static async Task PrintAsync(string what, IAsyncEnumerable<double> rates)
    {
        Console.Write($"{what,-36}");
        await foreach (var rate in rates) Console.Write(Invariant($"{rate,9:0}"));
        Console.WriteLine();
    }

    private static EmbeddingManifest Embeddings() => (EmbeddingManifest)Read("all-minilm-l6-v2");

    private static ChatManifest Chat() => (ChatManifest)Read("smollm2-135m-instruct");

    private static ModelManifest Read(string name) => ManifestReader.Read(Path.Combine(Checkout.Models, name));
}
