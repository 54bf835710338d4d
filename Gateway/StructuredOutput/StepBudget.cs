using System.Globalization;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>
/// How much work one schema or one answer may still cost. Everything that a schema or an answer can make long is paid for here: a step is
/// some ten nanoseconds of CPU or two bytes of memory at most. Serves one thread.
/// </summary>
/// <param name="most">As many steps at most.</param>
/// <param name="cancellationToken">Ends the work early: the client left, or the deadline has passed.</param>
internal sealed class StepBudget(long most, CancellationToken cancellationToken)
{
    /// <summary>For one schema, and for one answer with all its choices.</summary>
    public const long Whole = 20_000_000;

    /// <summary>After so many steps the token is looked at: about every millisecond.</summary>
    private const long StepsBetweenLooks = 50_000;

    private long _nextLook = Math.Min(most, StepsBetweenLooks);

    /// <summary>Steps done so far.</summary>
    public long Spent { get; private set; }

    /// <exception cref="StepsSpentException">The work needs more steps than it may have.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits for it any more.</exception>
    public void Spend(long steps)
    {
        Spent += steps;
        if (Spent > _nextLook) Look();
    }

    private void Look()
    {
        if (Spent > most) throw new StepsSpentException($"it takes more than {most.ToString("N0", CultureInfo.InvariantCulture)} steps");
        cancellationToken.ThrowIfCancellationRequested();
        _nextLook = Math.Min(most, Spent + StepsBetweenLooks);
    }
}

/// <summary>Work needs more than it may have. The message says what it is, without a full stop.</summary>
internal sealed class StepsSpentException(string message) : Exception(message);
