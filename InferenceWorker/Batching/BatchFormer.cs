namespace AiPlatform.InferenceWorker.Batching;

/// <summary>
/// Chooses the rows of one batch among those that requests offer, the oldest request first: its longest row is the seed, and of
/// the others the one that saves the device most time joins, as long as any saves time. Guarded by the queue's lock.
/// </summary>
internal sealed class BatchFormer(BatchLimits limits, DeviceCost cost)
{
    private static readonly Comparison<Candidate> LongestFirst =
        static (one, other) => one.Length != other.Length ? other.Length.CompareTo(one.Length) : one.Age.CompareTo(other.Age);

    private static readonly Comparison<Candidate> ShortestFirst =
        static (one, other) => one.Length != other.Length ? one.Length.CompareTo(other.Length) : one.Age.CompareTo(other.Age);

    private readonly List<Offered> _requests = [];
    private readonly List<Candidate> _upToSeed = [];
    private readonly List<Candidate> _longer = [];
    private int _seed;
    private int _rows;
    private int _longest;

    /// <summary>Row of a request; its place follows from how many of the request's neighbours were chosen before it.</summary>
    private readonly record struct Candidate(int Length, int Age);

    /// <summary>A request and how much of it was chosen: rows around the first that is longer than the seed.</summary>
    private sealed record Offered(EmbeddingRun Request, int FirstLonger)
    {
        public int UpToSeed { get; set; }
        public int Longer { get; set; }
        public int Rows => UpToSeed + Longer;
    }

    /// <summary>Forgets the batch before.</summary>
    /// <param name="seed">Length of the seed.</param>
    public void Begin(int seed)
    {
        _seed = seed;
        _requests.Clear();
        _upToSeed.Clear();
        _longer.Clear();
    }

    /// <summary>Offers a request's rows nearest to the seed in length; older requests first, the seed's before all.</summary>
    /// <returns>How many were offered; <paramref name="mostRows"/> or less.</returns>
    public int Offer(EmbeddingRun request, int mostRows)
    {
        var rows = request.Waiting;
        var age = _requests.Count;
        var high = FirstLongerThan(rows, _seed);
        var low = high - 1;
        _requests.Add(new Offered(request, high));

        var most = Math.Min(Math.Min(mostRows, limits.MaxRows), rows.Count);
        for (var i = 0; i < most; i++)
        {
            if (low >= 0 && (high == rows.Count || _seed - rows[low].Length <= rows[high].Length - _seed))
                _upToSeed.Add(new Candidate(rows[low--].Length, age));
            else
                _longer.Add(new Candidate(rows[high++].Length, age));
        }

        return most;
    }

    /// <summary>Moves the chosen rows into <paramref name="batch"/> and counts who was passed over.</summary>
    /// <param name="batch">Empty.</param>
    /// <param name="mostRows">Leaves the others to threads that are idle; 1 or more.</param>
    public void Form(List<WaitingRow> batch, int mostRows)
    {
        _upToSeed.Sort(LongestFirst);
        _longer.Sort(ShortestFirst);
        _longest = _seed;
        _rows = 0;

        int shorter = 0, longer = 0;
        Choose(_upToSeed[shorter++]);
        while (_rows < mostRows)
        {
            var gainOfShorter = GainOf(_upToSeed, shorter);
            var gainOfLonger = GainOf(_longer, longer);
            if (gainOfShorter <= 0 && gainOfLonger <= 0) break;
            if (gainOfShorter >= gainOfLonger) Choose(_upToSeed[shorter++]);
            else Choose(_longer[longer++]);
        }

        CountPassedOver();
        foreach (var request in _requests) Move(request, batch);
    }

    /// <summary>0 for none: it would save nothing, is not within the limits, or is not there.</summary>
    private double GainOf(List<Candidate> candidates, int next)
    {
        if (next == candidates.Count) return 0;
        var length = candidates[next].Length;
        return limits.Allow(_rows + 1, Math.Max(_longest, length)) ? cost.GainOf(_rows, _longest, length) : 0;
    }

    private void Choose(Candidate candidate)
    {
        var request = _requests[candidate.Age];
        if (candidate.Length <= _seed) request.UpToSeed++;
        else request.Longer++;
        _longest = Math.Max(_longest, candidate.Length);
        _rows++;
    }

    private void CountPassedOver()
    {
        var youngest = _requests.FindLastIndex(request => request.Rows > 0);
        for (var i = 0; i <= youngest; i++)
        {
            var request = _requests[i];
            request.Request.PassedOver = request.Rows > 0 ? 0 : request.Request.PassedOver + 1;
        }
    }

    private static void Move(Offered request, List<WaitingRow> batch)
    {
        if (request.Rows == 0) return;
        var rows = request.Request.Waiting;
        var start = request.FirstLonger - request.UpToSeed;
        for (var i = 0; i < request.Rows; i++) batch.Add(rows[start + i]);
        rows.RemoveRange(start, request.Rows);
    }

    private static int FirstLongerThan(List<WaitingRow> rows, int length)
    {
        int low = 0, high = rows.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (rows[middle].Length <= length) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
