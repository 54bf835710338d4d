using FsCheck;
using FsCheck.Fluent;

namespace AiPlatform.Tests.Fixtures;

/// <summary>Checks properties that must hold for any sequence of steps. A failure is reported with the fewest steps.</summary>
internal static class Property
{
    /// <param name="step">One thing that may happen.</param>
    /// <param name="mostSteps">Most of them in one case.</param>
    /// <param name="cases">How many cases are tried.</param>
    /// <param name="check">Throws when the property does not hold for these steps.</param>
    /// <remarks>It runs on a thread of its own, because it waits, and a machine with two cores has few pool threads for the other
    /// tests.</remarks>
    public static Task HoldsAsync<TStep>(Gen<TStep> step, int mostSteps, int cases, Func<TStep[], Task> check) => Task.Factory.StartNew(
        () => Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(cases).WithName(Guid.NewGuid().ToString("n")),
            Prop.ForAll(
                Arb.From(Gen.Choose(1, mostSteps).SelectMany(count => Gen.ArrayOf(step, count)), Fewer<TStep>),
                (TStep[] steps) => check(steps).GetAwaiter().GetResult())),
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static IEnumerable<TStep[]> Fewer<TStep>(TStep[] steps)
    {
        for (var size = steps.Length / 2; size > 0; size /= 2)
            for (var from = 0; from + size <= steps.Length; from += size) yield return [.. steps[..from], .. steps[(from + size)..]];
    }
}
