using System.Globalization;

namespace AiPlatform.Benchmarks.Results;

/// <summary>One measurement as it is kept. Values carry their units.</summary>
internal sealed record ResultRow
{
    /// <summary>What repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>What was measured, and with what settings.</summary>
    public required string Settings { get; init; }

    /// <summary>The median of our runs.</summary>
    public required string Ours { get; init; }

    /// <summary>The median of what it is compared with, and its name.</summary>
    public required string Peer { get; init; }

    /// <summary>Ours divided by the other.</summary>
    public required double Ratio { get; init; }

    /// <summary>What helps to understand the numbers.</summary>
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

    /// <summary>A bar or a line break would end the cell.</summary>
    private static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);
}
