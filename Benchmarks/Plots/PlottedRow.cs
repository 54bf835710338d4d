using System.Globalization;

namespace AiPlatform.Benchmarks.Plots;

/// <summary>A kept row of Benchmarks/RESULTS.md, as a picture shows it.</summary>
/// <param name="Benchmark">The benchmark's name, such as <c>queue</c>.</param>
/// <param name="What">The measured property.</param>
/// <param name="Ours">Our value, with its unit.</param>
/// <param name="Peer">What it is compared with, and its value.</param>
/// <param name="Ratio">Ours divided by the peer's.</param>
/// <param name="LowerIsBetter">Whether a lower value is better.</param>
/// <param name="Date">When it was measured.</param>
/// <param name="Machine">On which machine.</param>
/// <param name="Commit">Of which commit.</param>
internal sealed record PlottedRow(
    string Benchmark, string What, string Ours, string Peer, double Ratio, bool LowerIsBetter, string Date, string Machine, string Commit)
{
    private const string Command = "`./ai bench ";

    /// <summary>
    /// The newest row of each property, in the order in which the file first names them. Lines that are no rows are left out.
    /// </summary>
    public static IReadOnlyList<PlottedRow> Newest(IEnumerable<string> lines)
    {
        List<PlottedRow> rows = [];
        foreach (var row in lines.Select(Parse).OfType<PlottedRow>())
        {
            var known = rows.FindIndex(one => one.Key == row.Key);
            if (known < 0) rows.Add(row);
            else rows[known] = row;
        }

        return rows;
    }

    /// <summary>With which system it is compared: the peer without its value.</summary>
    private string PeerName => Peer.Split(':')[0];

    private (string, string, string) Key => (Benchmark, What, PeerName);

    private static PlottedRow? Parse(string line)
    {
        // A bar inside a cell is written as \|.
        var cells = line.Replace(@"\|", "\0", StringComparison.Ordinal).Split(" | ")
            .Select(cell => cell.Replace('\0', '|').Trim(' ', '|')).ToList();
        return cells is [var date, var machine, var commit, var command, var settings, var ours, var peer, var ratioText, var notes, ..]
            && command.StartsWith(Command, StringComparison.Ordinal)
            && double.TryParse(ratioText, CultureInfo.InvariantCulture, out var ratio)
            ? new PlottedRow(
                command[Command.Length..].TrimEnd('`'), settings.Split(';')[0], ours, peer, ratio,
                notes.StartsWith("lower is better", StringComparison.Ordinal), date, machine, commit)
            : null;
    }
}
