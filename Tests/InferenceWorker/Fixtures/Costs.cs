using AiPlatform.InferenceWorker.Batching;
using Xunit;

namespace AiPlatform.Tests.InferenceWorker.Fixtures;

/// <summary>Devices for tests, by what a run costs on them.</summary>
internal static class Costs
{
    /// <summary>Only tokens cost, so sharing a run saves nothing.</summary>
    public static DeviceCost Linear { get; } = new(FixedSeconds: 0, SecondsPerToken: 0.0002, FreeTokens: 0);

    /// <summary>Only the run costs, as on a GPU that is far from full.</summary>
    public static DeviceCost Flat { get; } = new(FixedSeconds: 0.002, SecondsPerToken: 0, FreeTokens: 0);

    /// <summary>A run costs as much as 10 tokens, as on a CPU.</summary>
    public static DeviceCost Mixed { get; } = new(FixedSeconds: 0.002, SecondsPerToken: 0.0002, FreeTokens: 0);

    /// <summary>Up to 128 tokens only the run costs, then each token, as on a GPU that fills up.</summary>
    public static DeviceCost Saturating { get; } = new(FixedSeconds: 0.002, SecondsPerToken: 0.00001, FreeTokens: 128);

    /// <summary>Their names, for <see cref="Named"/>.</summary>
    public static TheoryData<string> All { get; } = [nameof(Linear), nameof(Flat), nameof(Mixed), nameof(Saturating)];

    public static DeviceCost Named(string name) => name switch
    {
        nameof(Linear) => Linear,
        nameof(Flat) => Flat,
        nameof(Mixed) => Mixed,
        _ => Saturating,
    };
}
