using System.Globalization;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>What a <see cref="RawLoop"/> gave; travels as a line of text.</summary>
/// <param name="RowsPerSecond">By the clock.</param>
/// <param name="CpuMillisecondsPerRow">CPU time of all threads; less sensitive to who else uses the machine.</param>
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
