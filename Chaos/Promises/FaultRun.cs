using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace AiPlatform.Chaos.Promises;

/// <summary>The record of a run: the faults, the promises to clients, and the problems. It is thread-safe.</summary>
internal sealed class FaultRun(int seed)
{
    private const int MostProblems = 20;

    private readonly DateTimeOffset _start = TimeProvider.System.GetUtcNow();
    private readonly ConcurrentQueue<string> _incidents = [];
    private readonly ConcurrentQueue<Problem> _problems = [];
    private readonly ConcurrentDictionary<string, int> _counts = [];

    public int Seed => seed;

    /// <summary>The accepted jobs, by their public ids.</summary>
    public ConcurrentDictionary<string, AcceptedJob> Accepted { get; } = [];

    /// <summary>The times, from and to, in which acknowledged writes were lost.</summary>
    public ConcurrentQueue<(DateTimeOffset From, DateTimeOffset To)> Losses { get; } = [];

    public bool HasProblems => !_problems.IsEmpty;

    public IReadOnlyCollection<Problem> Problems => _problems;

    /// <summary>Prints incidents as they happen, besides recording them.</summary>
    public Action<string>? Say { get; init; }

    /// <summary>Records an incident.</summary>
    public void Note(string incident)
    {
        var now = TimeProvider.System.GetUtcNow();
        var line = string.Create(CultureInfo.InvariantCulture, $"{(now - _start).TotalSeconds,7:0.00} s ({now:HH:mm:ss.fff})  {incident}");
        _incidents.Enqueue(line);
        Say?.Invoke(line);
    }

    /// <summary>Counts something for the summary of the run.</summary>
    public void Count(string what) => _counts.AddOrUpdate(what, 1, static (_, count) => count + 1);

    /// <summary>How often something was counted.</summary>
    public int CountOf(string what) => _counts.GetValueOrDefault(what);

    /// <summary>Records a problem; see <see cref="Problem"/>.</summary>
    public void Complain(ProblemKind kind, string? id, string what) => _problems.Enqueue(new Problem(kind, id, what));

    public int ProblemsOf(ProblemKind kind) => _problems.Count(problem => problem.Kind == kind);

    public string Summary() => string.Create(
        CultureInfo.InvariantCulture,
        $"Seed {seed}: {Accepted.Count} accepted jobs in {(TimeProvider.System.GetUtcNow() - _start).TotalSeconds:0} s; ") +
        string.Join(", ", _counts.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key} {one.Value}"));

    /// <summary>The incidents with their times.</summary>
    public string Incidents() => string.Concat(_incidents.Select(incident => incident + Environment.NewLine));

    /// <summary>The problems, the incidents, and the writes of each job with a problem.</summary>
    /// <param name="historyOf">Returns the history of a job by its public id.</param>
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
