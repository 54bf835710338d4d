namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// Cuts rows into the batches of a round, with rows of similar length together, so that the round takes the least time on the device. The
/// result depends only on the rows, the limits and the measured cost.
/// </summary>
internal sealed class RoundCutter(BatchLimits limits, DeviceCost cost)
{
    /// <summary>
    /// Most batches of a round. A row is passed over only by the batches of its round that run before its own, which are at most four.
    /// </summary>
    public const int MaxBatches = 5;

    /// <summary>Most rows of a round for which the best cut is computed. In larger rounds each batch is filled in turn.</summary>
    private const int MostRowsCutBest = 256;

    /// <summary>Costs that differ by less than this count as equal.</summary>
    private const double SameCost = 1e-9;

    private static readonly Comparison<Row> ShortestFirst =
        static (one, other) => one.Length != other.Length ? one.Length.CompareTo(other.Length) : one.Age.CompareTo(other.Age);

    /// <summary>A row: its length, its place among the rows to cut, and its place among the rows of its request.</summary>
    private readonly record struct Row(int Length, int Age, int Place);

    /// <summary>Cuts the oldest rows, as many as make at most <see cref="MaxBatches"/> batches.</summary>
    /// <param name="rows">The rows, 1 or more, grouped by request, the oldest request first.</param>
    /// <param name="mostRows">Most rows of a batch, if that is less than the limits.</param>
    /// <returns>
    /// The batches, each within the limits, ordered by the age of the first rows of requests in them. Batches with only further rows of
    /// requests come last, so that no request waits for all rows of a large one.
    /// </returns>
    public IReadOnlyList<List<WaitingRow>> Cut(List<WaitingRow> rows, int mostRows)
    {
        var sorted = Sorted(rows, RowsOfARound(rows, mostRows));
        var ends = sorted.Length <= MostRowsCutBest ? BestEnds(sorted, mostRows) : FilledEnds(sorted, mostRows);
        var batches = new List<((int Place, int Age) First, List<WaitingRow> Rows)>();
        var start = 0;
        foreach (var end in ends)
        {
            var batch = sorted.AsSpan(start, end - start);
            var first = (int.MaxValue, int.MaxValue);
            var taken = new List<WaitingRow>(batch.Length);
            foreach (var row in batch)
            {
                taken.Add(rows[row.Age]);
                if ((row.Place, row.Age).CompareTo(first) < 0) first = (row.Place, row.Age);
            }

            batches.Add((first, taken));
            start = end;
        }

        batches.Sort(static (one, other) => one.First.CompareTo(other.First));
        return [.. batches.Select(batch => batch.Rows)];
    }

    /// <summary>How many of the longest rows of one request make a batch in which each row saves time.</summary>
    /// <param name="rows">The rows, the shortest first.</param>
    /// <param name="mostRows">Most rows.</param>
    public int RowsOfABatch(List<WaitingRow> rows, int mostRows)
    {
        var longest = rows[^1].Length;
        var count = 1;
        while (count < rows.Count && count < mostRows && Joins(count, longest, rows[^(count + 1)].Length)) count++;
        return count;
    }

    /// <summary>Whether one more row is within the limits and saves time.</summary>
    public bool Joins(int rows, int longest, int length) =>
        limits.Allow(rows + 1, Math.Max(longest, length)) && cost.GainOf(rows, longest, length) > 0;

    /// <summary>How many rows make a round, found by binary search, because more rows make more batches.</summary>
    private int RowsOfARound(List<WaitingRow> rows, int mostRows)
    {
        int fits = 1, tooMany = rows.Count + 1;
        while (tooMany - fits > 1)
        {
            var middle = fits + ((tooMany - fits) / 2);
            if (FilledEnds(Sorted(rows, middle), mostRows).Count <= MaxBatches) fits = middle;
            else tooMany = middle;
        }

        return fits;
    }

    private static Row[] Sorted(List<WaitingRow> rows, int count)
    {
        var sorted = new Row[count];
        for (int i = 0, place = 0; i < count; i++)
        {
            place = i > 0 && rows[i].Request == rows[i - 1].Request ? place + 1 : 0;
            sorted[i] = new Row(rows[i].Length, i, place);
        }

        Array.Sort(sorted, ShortestFirst);
        return sorted;
    }

    /// <summary>Fills batches from the longest row on, as long as each row saves time. Returns the ends of the batches.</summary>
    private List<int> FilledEnds(Row[] sorted, int mostRows)
    {
        var ends = new List<int> { sorted.Length };
        var longest = sorted[^1].Length;
        for (var i = sorted.Length - 2; i >= 0; i--)
        {
            var rows = ends[^1] - i - 1;
            if (rows < mostRows && Joins(rows, longest, sorted[i].Length)) continue;
            ends.Add(i + 1);
            longest = sorted[i].Length;
        }

        ends.Reverse();
        return ends;
    }

    /// <summary>Finds the cheapest cut into at most <see cref="MaxBatches"/> batches. Returns the ends of the batches.</summary>
    private List<int> BestEnds(Row[] sorted, int mostRows)
    {
        // seconds[batches, rows] is the least time of the shortest rows in this number of batches; starts is where the last batch begins.
        var seconds = new double[MaxBatches + 1, sorted.Length + 1];
        var starts = new int[MaxBatches + 1, sorted.Length + 1];
        for (var end = 1; end <= sorted.Length; end++) seconds[0, end] = double.PositiveInfinity;
        for (var batches = 1; batches <= MaxBatches; batches++)
        {
            seconds[batches, 0] = double.PositiveInfinity;
            for (var end = 1; end <= sorted.Length; end++)
                (seconds[batches, end], starts[batches, end]) = BestStart(sorted, mostRows, seconds, batches, end);
        }

        var best = 1;
        for (var batches = 2; batches <= MaxBatches; batches++)
            if (seconds[batches, sorted.Length] <= seconds[best, sorted.Length] * (1 + SameCost)) best = batches;

        var ends = new List<int>();
        for (int batches = best, end = sorted.Length; batches > 0; end = starts[batches, end], batches--) ends.Add(end);
        ends.Reverse();
        return ends;
    }

    private (double Seconds, int Start) BestStart(Row[] sorted, int mostRows, double[,] seconds, int batches, int end)
    {
        var (least, best) = (double.PositiveInfinity, end - 1);
        var longest = sorted[end - 1].Length;
        for (var start = end - 1; start >= 0; start--)
        {
            var rows = end - start;
            if (rows > 1 && (rows > mostRows || !limits.Allow(rows, longest))) break;
            var total = seconds[batches - 1, start] + cost.SecondsOf((long)rows * longest);
            if (total < least) (least, best) = (total, start);
        }

        return (least, best);
    }
}
