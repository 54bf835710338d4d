using System.Numerics.Tensors;
using System.Text.Json;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Generation.Places;
using Microsoft.ML.OnnxRuntime;
using Xunit;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace AiPlatform.Tests.InferenceWorker.Generation.Fixtures;

/// <summary>The shipped chat model, its reference, and the simplest loop that runs it.</summary>
internal static class SmolLm
{
    private const int Layers = 30;
    private const int Heads = 3;
    private const int HeadSize = 64;
    private const int Vocabulary = 49_152;

    public static string Folder { get; } = Path.Combine(Checkout.Models, "smollm2-135m-instruct");

    /// <summary>Where both are compared, both have as many.</summary>
    public static DecoderThreads Threads { get; } = new(2, Spin: false);

    /// <summary>Prompts as tokens, the likeliest continuation of each, and how clear each choice was.</summary>
    public static IReadOnlyList<(int[] Prompt, int[] Output, double[] Margins)> Reference { get; } =
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Reference", "chat.smollm2-135m-instruct.jsonl")).Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            return (
                Prompt: json.RootElement.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt32()).ToArray(),
                Output: json.RootElement.GetProperty("output_ids").EnumerateArray().Select(id => id.GetInt32()).ToArray(),
                Margins: json.RootElement.GetProperty("margins").EnumerateArray().Select(margin => margin.GetDouble()).ToArray());
        }),
    ];

    public static void SkipUnlessThere() => Assert.SkipUnless(Directory.Exists(Folder), "The model is not in models/.");

    public static OnnxDecoder Open() => OnnxDecoder.Open(Folder, Threads);

    /// <summary>The file for CUDA, whose activations, keys and values are fp16, on the CPU.</summary>
    public static OnnxDecoder OpenCudaFile(DecoderPlace? place = null) =>
        OnnxDecoder.Open(Folder, Threads, (place ?? DecoderPlace.Cpu) with { File = "model.cuda.onnx" });

    public static InferenceSession BareSession()
    {
        using var settings = new SessionOptions { IntraOpNumThreads = Threads.Count };
        return new InferenceSession(Path.Combine(Folder, "model.onnx"), settings);
    }

    /// <summary>
    /// The likeliest tokens from the simplest loop: the prompt in one run, then one token at a time, with the cache in place. The input of
    /// each run is the likeliest token, or a given one. The margin is how much larger its logit is than the second largest.
    /// </summary>
    public static List<(int Token, double Margin)> BareLoop(InferenceSession session, int[] prompt, int most, int[]? fed = null)
    {
        var capacity = prompt.Length + most;
        using var runOptions = new RunOptions();
        using var binding = session.CreateIoBinding();
        for (var i = 0; i < 2 * Layers; i++)
        {
            var kind = i % 2 == 0 ? "key" : "value";
            var memory = OrtValue.CreateTensorValueFromMemory(
                new float[Heads * capacity * HeadSize], [1, Heads, capacity, HeadSize]);
            binding.BindInput($"past_key_values.{i / 2}.{kind}", memory);
            binding.BindOutput($"present.{i / 2}.{kind}", memory);
        }

        var logits = new float[Vocabulary];
        binding.BindOutput("logits", OrtValue.CreateTensorValueFromMemory(logits, [1, 1, Vocabulary]));
        List<(int Token, double Margin)> text = [];
        var given = prompt;
        for (var length = prompt.Length; text.Count < most; length++)
        {
            using var ids = OrtValue.CreateTensorValueFromMemory(given.Select(id => (long)id).ToArray(), [1, given.Length]);
            using var mask = OrtValue.CreateTensorValueFromMemory(Enumerable.Repeat(1L, length).ToArray(), [1, length]);
            binding.BindInput("input_ids", ids);
            binding.BindInput("attention_mask", mask);
            session.RunWithBinding(runOptions, binding);
            var (likeliest, largest) = (TensorPrimitives.IndexOfMax<float>(logits), TensorPrimitives.Max<float>(logits));
            logits[likeliest] = float.NegativeInfinity;
            text.Add((likeliest, largest - TensorPrimitives.Max<float>(logits)));
            given = [fed?[text.Count - 1] ?? likeliest];
        }

        return text;
    }
}
