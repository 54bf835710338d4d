using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace AiPlatform.Chaos.Promises;

/// <summary>
/// What happened in a run: what was done to the system, what clients were promised, what went wrong. For several threads.
/// </summary>
internal sealed class FaultRun(int seed)
{
    private const int MostProblems = 20;

    private readonly DateTimeOffset _start = TimeProvider.System.GetUtcNow();
    private readonly ConcurrentQueue<string> _incidents = [];
    private readonly ConcurrentQueue<Problem> _problems = [];
    private readonly ConcurrentDictionary<string, int> _counts = [];

    public int Seed => seed;

    /// <summary>By the jobs' public ids.</summary>
    public ConcurrentDictionary<string, AcceptedJob> Accepted { get; } = [];

    /// <summary>When writes were lost that were acknowledged: from, to.</summary>
    public ConcurrentQueue<(DateTimeOffset From, DateTimeOffset To)> Losses { get; } = [];

    public bool HasProblems => !_problems.IsEmpty;

    public IReadOnlyCollection<Problem> Problems => _problems;

    /// <summary>Said as it happens, besides being kept.</summary>
    public Action<string>? Say { get; init; }

    /// <summary>Something was done to the system.</summary>
    public void Note(string incident)
    {
        var now = TimeProvider.System.GetUtcNow();
        var line = string.Create(CultureInfo.InvariantCulture, $"{(now - _start).TotalSeconds,7:0.00} s ({now:HH:mm:ss.fff})  {incident}");
        _incidents.Enqueue(line);
        Say?.Invoke(line);
    }

    /// <summary>Counts what a run is made of, for its summary.</summary>
    public void Count(string what) => _counts.AddOrUpdate(what, 1, static (_, count) => count + 1);

    /// <summary>How often this was counted.</summary>
    public int CountOf(string what) => _counts.GetValueOrDefault(what);

    /// <summary>Something is not as it must be; see <see cref="Problem"/>.</summary>
    public void Complain(ProblemKind kind, string? id, string what) => _problems.Enqueue(new Problem(kind, id, what));

    public int ProblemsOf(ProblemKind kind) => _problems.Count(problem => problem.Kind == kind);

    public string Summary() => string.Create(
        CultureInfo.InvariantCulture,
        $"Seed {seed}: {Accepted.Count} accepted jobs in {(TimeProvider.System.GetUtcNow() - _start).TotalSeconds:0} s; ") +
        string.Join(", ", _counts.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key} {one.Value}"));

    /// <summary>What was done to the system, and when.</summary>
    public string Incidents() => string.Concat(_incidents.Select(incident => incident + Environment.NewLine));

    /// <summary>The problems, what was done when, and of each job that has a problem what was written of it.</summary>
    /// <param name="historyOf">Gives the history of a job by its public id.</param>
    public string Report(Func<string, string> historyOf)
    {
        var report = new StringBuilder().AppendLine(Summary());
        report.AppendLine(CultureInfo.InvariantCulture, $"{_problems.Count} problems:");
        foreach (var problem in _problems.Take(MostProblems))
            report.AppendLine(CultureInfo.InvariantCulture, $"- {problem.Kind}: {problem.Id} {problem.What}");
        foreach (var id in _problems.Take(MostProblems).Select(one => one.Id).OfType<string>().Distinct())
            report.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"{id}:").AppendLine(historyOf(id));
        return report.AppendLine().AppendLine("What was done:").Append(Incidents()).ToString();
    }
}
