using System.Globalization;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>The result of a <see cref="RawLoop"/>, which is sent as a line of text.</summary>
/// <param name="RowsPerSecond">Rows per second of wall time.</param>
/// <param name="CpuMillisecondsPerRow">CPU time of all threads, which depends less on other load on the machine.</param>
internal readonly record struct BareMeasurement(double RowsPerSecond, double CpuMillisecondsPerRow)
{
    public static BareMeasurement Parse(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        return new BareMeasurement(double.Parse(line.AsSpan(0, space), CultureInfo.InvariantCulture),
            double.Parse(line.AsSpan(space), CultureInfo.InvariantCulture));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{RowsPerSecond:R} {CpuMillisecondsPerRow:R}");
}
