using System.Security;
using System.Text;
using static System.FormattableString;

namespace AiPlatform.Benchmarks.Plots;

/// <summary>
/// A picture of one benchmark: for each property a bar of ours and one of what it is compared with, in SVG. It follows the reader's light
/// or dark scheme.
/// </summary>
internal static class BarPlot
{
    private const int Width = 860;
    private const int Margin = 16;
    private const int BarHeight = 14;
    private const int RowHeight = 68;

    /// <summary>The length of the longer bar of a row; texts stand behind the bars.</summary>
    private const int LongestBar = 380;

    private const int MostLabel = 84;
    private const int MostValue = 62;

    /// <param name="rows">The rows of one benchmark, not empty.</param>
    public static string Draw(IReadOnlyList<PlottedRow> rows)
    {
        var height = (2 * Margin) + 20 + (rows.Count * RowHeight);
        var svg = new StringBuilder();
        svg.Append(Invariant($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" role="img"
                font-family="system-ui, sans-serif" font-size="13">
            <title>{Text(rows[0].Benchmark)}: AiPlatform next to others</title>
            <style>
              .page {"{"} fill: #fff {"}"} text {"{"} fill: #1f2328 {"}"} .less {"{"} fill: #59636e {"}"}
              .ours {"{"} fill: #0a5fd0 {"}"} .peer {"{"} fill: #b3bac2 {"}"}
              @media (prefers-color-scheme: dark) {"{"}
                .page {"{"} fill: #0d1117 {"}"} text {"{"} fill: #e6edf3 {"}"} .less {"{"} fill: #9198a1 {"}"}
                .ours {"{"} fill: #4c9aff {"}"} .peer {"{"} fill: #545d68 {"}"}
              {"}"}
            </style>
            <rect class="page" width="{Width}" height="{height}"/>

            """));
        for (var i = 0; i < rows.Count; i++) Append(svg, rows[i], Margin + (i * RowHeight));
        var last = rows.MaxBy(row => row.Date, StringComparer.Ordinal)!;
        var origin = Text($"{last.Machine}, {last.Date}, {last.Commit}");
        svg.Append(Invariant($"""<text class="less" x="{Margin}" y="{height - Margin}">{origin}</text>""")).Append("\n</svg>\n");
        return svg.ToString();
    }

    private static void Append(StringBuilder svg, PlottedRow row, int top)
    {
        var ratio = Math.Max(0, row.Ratio);
        var longest = Math.Max(1, ratio);
        var label = Short(row.What, MostLabel) + Invariant($": {row.Ratio:0.00} ×") + (row.LowerIsBetter ? ", lower is better" : "");
        svg.Append(Invariant($"""<text x="{Margin}" y="{top + 12}" font-weight="600">{Text(label)}</text>""")).Append('\n');
        Bar("ours", ratio / longest, $"AiPlatform: {row.Ours}", top + 20);
        Bar("peer", 1 / longest, row.Peer, top + 20 + BarHeight + 4);

        void Bar(string kind, double length, string text, int y)
        {
            var width = Math.Max(2, Math.Round(length * LongestBar));
            svg.Append(Invariant($"""<rect class="{kind}" x="{Margin}" y="{y}" width="{width}" height="{BarHeight}" rx="2"/>"""))
                .Append(Invariant($"""<text class="less" x="{Margin + width + 8}" y="{y + 11}">{Text(Short(text, MostValue))}</text>"""))
                .Append('\n');
        }
    }

    private static string Short(string text, int most) => text.Length <= most ? text : text[..(most - 1)] + "…";

    private static string Text(string text) => SecurityElement.Escape(text);
}
