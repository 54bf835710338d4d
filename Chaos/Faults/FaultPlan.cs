using AiPlatform.Chaos.Promises;

namespace AiPlatform.Chaos.Faults;

/// <summary>Makes plans of faults; the same seed makes the same plan.</summary>
internal static class FaultPlan
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestDowntime = TimeSpan.FromSeconds(1.5);

    /// <summary>An endless sequence of rounds. Each round has the same faults in another order, about one every two seconds.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="lease">The lease duration; a stopped worker stays stopped for longer.</param>
    /// <param name="round">The faults of a round.</param>
    public static IEnumerable<Fault> Make(int seed, TimeSpan lease, IReadOnlyList<FaultKind> round)
    {
        var numbers = new SeededNumbers(seed);
        while (true)
        {
            foreach (var kind in numbers.Shuffled(round))
            {
                var downtime = numbers.Between(TimeSpan.Zero, LongestDowntime);
                yield return new Fault(
                    numbers.Between(ShortestPause, LongestPause), kind, numbers.Below(2), downtime + LeastDowntime(kind, lease));
            }
        }
    }

    private static TimeSpan LeastDowntime(FaultKind kind, TimeSpan lease) => kind switch
    {
        FaultKind.StopWorker => 1.25 * lease,
        FaultKind.CutWorker or FaultKind.ResetWorker or FaultKind.HalfOpenWorker => 2 * lease,
        _ => TimeSpan.Zero,
    };
}
