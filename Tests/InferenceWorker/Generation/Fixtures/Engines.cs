using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiPlatform.Tests.InferenceWorker.Generation.Fixtures;

/// <summary>Engines and requests for tests.</summary>
internal static class Engines
{
    public static GenerationEngine Start(IDecoder decoder, GenerationOptions? options = null, TimeProvider? time = null) =>
        GenerationEngine.Start("tested", decoder, options ?? new GenerationOptions(), time ?? TimeProvider.System, NullLogger.Instance);

    /// <summary>A request for the likeliest tokens.</summary>
    public static GenerationRequest Greedy(int[] prompt, int most, string? scope = null) =>
        new() { Prompt = prompt, MaxNewTokens = most, Sampling = SamplingSettings.Greedy, PrefixScope = scope };

    /// <summary>Tokens that neither end a text nor break anything.</summary>
    public static int[] Prompt(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(0, 90))];
    }

    public static KeptText Submit(this GenerationEngine engine, GenerationRequest request, Func<KeptText, bool>? onToken = null)
    {
        var text = new KeptText(onToken);
        engine.Submit(request, text);
        return text;
    }

    public static async Task StopAsync(this GenerationEngine engine)
    {
        engine.Stop(TimeSpan.Zero);
        await engine.Completion;
    }
}
