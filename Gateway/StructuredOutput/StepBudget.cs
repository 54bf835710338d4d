using System.Globalization;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>
/// The budget of steps of one schema or one answer. All work whose length a schema or an answer decides is paid from it. A step is at most
/// some ten nanoseconds of CPU or two bytes of memory. It is not thread-safe.
/// </summary>
/// <param name="most">Most steps.</param>
/// <param name="cancellationToken">Ends the work early when the client disconnects or the deadline passes.</param>
internal sealed class StepBudget(long most, CancellationToken cancellationToken)
{
    /// <summary>The steps for one schema, and for one answer with all its choices.</summary>
    public const long Whole = 20_000_000;

    /// <summary>The token is checked after this many steps, about every millisecond.</summary>
    private const long StepsBetweenLooks = 50_000;

    private long _nextLook = Math.Min(most, StepsBetweenLooks);

    /// <summary>Steps done so far.</summary>
    public long Spent { get; private set; }

    /// <summary>Steps that are left.</summary>
    public long Left => Math.Max(0, most - Spent);

    /// <summary>Whether it is the whole of what one schema or one answer may take.</summary>
    public bool IsWhole => most >= Whole;

    /// <summary>Ends the work early when the client disconnects or the deadline passes.</summary>
    public CancellationToken CancellationToken => cancellationToken;

    /// <exception cref="StepsSpentException">The work needs more steps than the budget has.</exception>
    /// <exception cref="OperationCanceledException">The client has disconnected, or the deadline has passed.</exception>
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

/// <summary>Work exceeds its budget. The message names the limit, without a full stop.</summary>
internal sealed class StepsSpentException(string message) : Exception(message);
