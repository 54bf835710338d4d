using System.Globalization;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>How a <see cref="RawLoop"/> uses the cores.</summary>
/// <param name="Sessions">Sessions, each on an OS thread of its own.</param>
/// <param name="Threads">Threads with which a session computes.</param>
/// <param name="IsSpinning">Whether these threads spin while they wait, which is faster on an idle machine and slower on a shared
/// one.</param>
internal sealed record RawLoopLayout(int Sessions, int Threads, bool IsSpinning)
{
    private const string Spinning = "spinning";

    /// <summary>The layout as command line arguments.</summary>
    public IReadOnlyList<string> Arguments =>
        [Sessions.ToString(CultureInfo.InvariantCulture), Threads.ToString(CultureInfo.InvariantCulture), IsSpinning
            ? Spinning
            : "sleeping"];

    public static RawLoopLayout Parse(IReadOnlyList<string> arguments) => new(
        int.Parse(arguments[0], CultureInfo.InvariantCulture), int.Parse(arguments[1], CultureInfo.InvariantCulture),
        arguments[2] == Spinning);

    public override string ToString() => $"{Sessions} × {Threads} threads{(IsSpinning ? " spinning" : "")}";
}
