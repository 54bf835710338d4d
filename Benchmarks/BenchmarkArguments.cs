using System.Globalization;

namespace AiPlatform.Benchmarks;

/// <summary>The arguments of the command line.</summary>
/// <param name="Names">The benchmarks, in the order in which they run.</param>
/// <param name="Runs">Runs of each side.</param>
/// <param name="Plots">Whether the pictures of all kept results are drawn afterwards.</param>
internal sealed record BenchmarkArguments(IReadOnlyList<string> Names, int Runs, bool Plots)
{
    /// <summary>Results of fewer runs than this are printed but not kept.</summary>
    public const int LeastRunsKept = 5;

    private const int MostRuns = 50;

    /// <summary>Parses the arguments; null when they are invalid.</summary>
    public static BenchmarkArguments? TryParse(IReadOnlyList<string> arguments, IReadOnlyCollection<string> known)
    {
        var names = new List<string>();
        var runs = LeastRunsKept;
        var plots = false;
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == "--runs")
            {
                if (++i == arguments.Count || !int.TryParse(arguments[i], NumberStyles.None, CultureInfo.InvariantCulture, out runs))
                    return null;
                if (runs is < 1 or > MostRuns) return null;
            }
            else if (arguments[i] == "--plot")
            {
                plots = true;
            }
            else if (known.Contains(arguments[i]))
            {
                names.Add(arguments[i]);
            }
            else
            {
                return null;
            }
        }

        return names.Count == 0 && !plots ? null : new BenchmarkArguments(names, runs, plots);
    }
}
