using System.Globalization;

namespace AiPlatform.Benchmarks.Results;

/// <summary>One measurement in the results file. Values carry their units.</summary>
internal sealed record ResultRow
{
    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>The measured property, and the settings.</summary>
    public required string Settings { get; init; }

    /// <summary>The median of our runs.</summary>
    public required string Ours { get; init; }

    /// <summary>The median of the peer's runs, and the peer's name.</summary>
    public required string Peer { get; init; }

    /// <summary>Our median divided by the peer's.</summary>
    public required double Ratio { get; init; }

    /// <summary>Notes about the numbers.</summary>
    public string Notes { get; init; } = "";

    /// <summary>A line of the table.</summary>
    public string Format(DateTimeOffset date, string machine, string commit)
    {
        string[] cells =
        [
            date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), machine, commit, $"`{Command}`", Settings, Ours, Peer,
            Ratio.ToString("0.00", CultureInfo.InvariantCulture), Notes,
        ];
        return $"| {string.Join(" | ", cells.Select(Cell))} |";
    }

    /// <summary>Escapes bars and line breaks, which would end the cell.</summary>
    private static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);
}
