namespace AiPlatform.Grammars;

/// <summary>The steps and bytes that are left for compiling a grammar.</summary>
internal sealed class CompileBudget(GrammarLimits limits, CancellationToken cancellationToken)
{
    private const int StepsBetweenLooks = 100_000;

    private long _steps = limits.MaxSteps;
    private long _bytes = limits.MaxBytes;
    private long _untilLook = StepsBetweenLooks;
    private string? _keyword;
    private string? _pointer;

    public GrammarLimits Limits { get; } = limits;

    /// <summary>The memory that is counted now.</summary>
    public long Allocated => Limits.MaxBytes - _bytes;

    /// <summary>Notes what is compiled from here on, for the errors.</summary>
    /// <param name="keyword">The keyword of a schema; null for the schema itself.</param>
    /// <param name="pointer">The schema's place.</param>
    public void Enter(string? keyword, string pointer) => (_keyword, _pointer) = (keyword, pointer);

    /// <exception cref="GrammarException">The steps are used up.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits for the grammar any more.</exception>
    public void Spend(long steps)
    {
        _steps -= steps;
        _untilLook -= steps;
        if (_steps < 0) throw UsedUp($"The schema or grammar needs more than {Limits.MaxSteps} steps to compile");
        if (_untilLook > 0) return;
        _untilLook = StepsBetweenLooks;
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Counts memory that the compiled grammar keeps, or that compiling takes for a while.</summary>
    /// <exception cref="GrammarException">The bytes are used up.</exception>
    public void Allocate(long bytes)
    {
        _bytes -= bytes;
        if (_bytes >= 0) return;
        throw UsedUp($"The compiled schema or grammar needs more than {Limits.MaxBytes} bytes");
    }

    /// <summary>Gives back memory that only compiling took.</summary>
    public void Free(long bytes) => _bytes += bytes;

    private GrammarException UsedUp(string what)
    {
        var at = _pointer is null ? "" : _keyword is null ? $" They were used up at {_pointer}."
            : $" They were used up at '{_keyword}' of {_pointer}.";
        return new GrammarException($"{what}; make it smaller.{at}", _keyword, _pointer) { IsOverBudget = true };
    }
}
