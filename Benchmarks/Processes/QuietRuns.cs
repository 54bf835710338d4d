using static System.FormattableString;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>
/// Measures while the machine has little other load, as far as possible, because numbers beside other programs are not reliable.
/// </summary>
internal static class QuietRuns
{
    /// <summary>A run is noisy if other programs use more cores than this.</summary>
    public const double MostOtherCores = 0.15;

    /// <summary>Longest wait for a quiet machine before a run.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    /// <summary>Measures until enough runs were quiet, with at most twice as many runs.</summary>
    /// <param name="runs">Runs wanted.</param>
    /// <param name="measure">Makes a run with a given number.</param>
    /// <param name="otherCores">Cores that others used during it.</param>
    /// <param name="waitForQuiet">Called before each; see <see cref="WaitAsync"/>.</param>
    /// <returns>The quietest runs.</returns>
    public static async Task<IReadOnlyList<T>> TakeAsync<T>(
        int runs, Func<int, Task<T>> measure, Func<T, double> otherCores, Func<Task> waitForQuiet)
    {
        var all = new List<T>();
        while (all.Count(run => IsQuiet(otherCores(run))) < runs && all.Count < 2 * runs)
        {
            await waitForQuiet();
            all.Add(await measure(all.Count + 1));
        }

        return [.. all.OrderBy(otherCores).Take(runs)];
    }

    public static bool IsQuiet(double otherCores) => otherCores <= MostOtherCores;

    /// <summary>A note for readers about the other load during the kept runs.</summary>
    public static string Describe(double otherCores) =>
        Invariant($"others used at most {otherCores:0.00} ")
            + Invariant($"cores{(IsQuiet(otherCores) ? "" : ": the machine was not quiet, read the ratio only")}");

    /// <summary>Waits until the machine is quiet, or the longest wait has passed.</summary>
    public static async Task WaitAsync(CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        while (time.GetElapsedTime(start) < Patience)
        {
            var load = new MachineLoad();
            await Task.Delay(Look, time, cancellationToken);
            if (IsQuiet(load.OtherCores())) return;
        }
    }
}
