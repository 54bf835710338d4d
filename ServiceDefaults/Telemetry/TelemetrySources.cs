using System.Diagnostics;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>The names under which the platform emits spans and metrics.</summary>
public static class TelemetrySources
{
    public const string Name = "AiPlatform";

    /// <summary>Nothing is emitted here: who listens to it wants the text of prompts and answers in the spans.</summary>
    internal const string ContentName = $"{Name}.Content";

    private static readonly ActivitySource Content = new(ContentName);

    public static ActivitySource Activities { get; } = new(Name);

    /// <summary>Whether spans have the text of prompts and answers; see <see cref="ContentCapture"/>.</summary>
    public static bool WantsContent => Content.HasListeners();

    /// <summary>Histogram buckets for times from a millisecond to a minute, in seconds.</summary>
    public static double[] SecondsBuckets { get; } =
        [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60];
}
