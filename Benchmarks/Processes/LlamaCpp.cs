using System.Globalization;
using System.Text.Json;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>The engine that we compare with: llama.cpp in Node.js, on the same weights.</summary>
internal sealed class LlamaCpp(ChildProcess process)
{
    public const string Name = "llama.cpp (node-llama-cpp 3.22.1)";

    private static readonly PeerPackages Packages = new("llama", "--ignore-scripts");
    private static readonly TimeSpan ConversionLimit = TimeSpan.FromMinutes(2);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private static string Weights { get; } = Path.Combine(Packages.Root, "model.gguf");

    /// <summary>What it made of some prompts at a time.</summary>
    /// <param name="Rate">Tokens a second of all together, once all have begun.</param>
    /// <param name="First">Milliseconds to the first token; the median of all.</param>
    internal sealed record Answer(double Rate, double First);

    public ChildProcess Process => process;

    /// <summary>Installs it, and writes the weights of <paramref name="model"/> in its own form.</summary>
    public static async Task InstallAsync(string model, CancellationToken cancellationToken)
    {
        await Packages.InstallAsync(cancellationToken);
        if (File.Exists(Weights)) return;

        Console.WriteLine("Writing the model's weights for llama.cpp …");
        var unfinished = $"{Weights}.new";
        await ChildProcess.RunAsync(
            "node", [Path.Combine(Packages.Sources, "make_gguf.mjs"), Path.Combine(model, "model.onnx.data"), unfinished], ConversionLimit,
            cancellationToken);
        File.Move(unfinished, Weights);
    }

    public static async Task<LlamaCpp> StartAsync(int threads, CancellationToken cancellationToken) => new(
        await ChildProcess.Start(
            "node",
            [
                Path.Combine(Packages.Sources, "chats.mjs"), Packages.Folder, Weights, threads.ToString(CultureInfo.InvariantCulture),
            ],
            ("NODE_LLAMA_CPP_SKIP_DOWNLOAD", "true"))
            .OnceAsync(started => started.UntilAsync("ready", cancellationToken)));

    /// <summary>Has it go on with prompts, all at a time.</summary>
    public async Task<Answer> AskAsync(IEnumerable<string> prompts, int tokens, CancellationToken cancellationToken)
    {
        var reply = await process.AskAsync(JsonSerializer.Serialize(new { prompts, tokens }), cancellationToken);
        return JsonSerializer.Deserialize<Answer>(reply, Json) ?? throw new BenchmarkException($"{Name} answered '{reply}'.");
    }
}
