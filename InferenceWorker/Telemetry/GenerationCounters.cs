namespace AiPlatform.InferenceWorker.Telemetry;

/// <summary>Counters and the current state of an engine. The engine's thread writes them, and any thread may read them.</summary>
internal sealed class GenerationCounters
{
    private long _steps;
    private long _stepTicks;
    private long _prefillTicks;
    private long _generatedTokens;
    private long _prefilledTokens;
    private long _cachedTokens;
    private long _preemptions;
    private long _endedRows;
    private long _deadEnds;
    private long _forcedTokens;
    private long _keyValueBytes;
    private int _decodingRows;
    private int _activeRows;
    private int _waitingRows;
    private int _cachedRows;

    /// <summary>Runs that gave every row a token.</summary>
    public long Steps => Volatile.Read(ref _steps);

    /// <summary>Time of these runs, including sampling and sinks.</summary>
    public TimeSpan StepTime => TimeSpan.FromTicks(Volatile.Read(ref _stepTicks));

    /// <summary>Time in runs of prompts.</summary>
    public TimeSpan PrefillTime => TimeSpan.FromTicks(Volatile.Read(ref _prefillTicks));

    /// <summary>Tokens that were chosen, including those that end a text.</summary>
    public long GeneratedTokens => Volatile.Read(ref _generatedTokens);

    /// <summary>Tokens that were not chosen, because nothing else could follow.</summary>
    public long ForcedTokens => Volatile.Read(ref _forcedTokens);

    /// <summary>
    /// Tokens of prompts and forced texts that were computed in runs of their own; after a preemption also those of the text so far.
    /// </summary>
    public long PrefilledTokens => Volatile.Read(ref _prefilledTokens);

    /// <summary>Tokens of prompts that were not computed again, because an earlier row had them.</summary>
    public long CachedTokens => Volatile.Read(ref _cachedTokens);

    /// <summary>Rows that gave their memory to older rows and were computed again later.</summary>
    public long Preemptions => Volatile.Read(ref _preemptions);

    /// <summary>Rows whose constraint left no token, which is a bug of it.</summary>
    public long DeadEnds => Volatile.Read(ref _deadEnds);

    /// <summary>Rows that have ended, for any reason.</summary>
    public long EndedRows => Volatile.Read(ref _endedRows);

    /// <summary>Memory reserved for keys and values, in bytes; the system provides pages when they are written.</summary>
    public long KeyValueBytes => Volatile.Read(ref _keyValueBytes);

    /// <summary>Rows that take part in steps.</summary>
    public int DecodingRows => Volatile.Read(ref _decodingRows);

    /// <summary>Rows with memory: those that take part in steps, and those whose prompt is being computed.</summary>
    public int ActiveRows => Volatile.Read(ref _activeRows);

    /// <summary>Rows that wait for memory.</summary>
    public int WaitingRows => Volatile.Read(ref _waitingRows);

    /// <summary>Ended rows that are kept in the prefix cache.</summary>
    public int CachedRows => Volatile.Read(ref _cachedRows);

    public void Stepped(TimeSpan elapsed)
    {
        Volatile.Write(ref _stepTicks, _stepTicks + elapsed.Ticks);
        Volatile.Write(ref _steps, _steps + 1);
    }

    public void Prefilled(int tokens, TimeSpan elapsed)
    {
        Volatile.Write(ref _prefillTicks, _prefillTicks + elapsed.Ticks);
        Volatile.Write(ref _prefilledTokens, _prefilledTokens + tokens);
    }

    public void Placed(int cachedTokens) => Volatile.Write(ref _cachedTokens, _cachedTokens + cachedTokens);

    public void Generated() => Volatile.Write(ref _generatedTokens, _generatedTokens + 1);

    public void Forced() => Volatile.Write(ref _forcedTokens, _forcedTokens + 1);

    public void Preempted() => Volatile.Write(ref _preemptions, _preemptions + 1);

    public void DeadEnd() => Volatile.Write(ref _deadEnds, _deadEnds + 1);

    public void Ended() => Volatile.Write(ref _endedRows, _endedRows + 1);

    public void Has(int decoding, int active, int waiting, int cached, long keyValueBytes)
    {
        Volatile.Write(ref _decodingRows, decoding);
        Volatile.Write(ref _activeRows, active);
        Volatile.Write(ref _waitingRows, waiting);
        Volatile.Write(ref _cachedRows, cached);
        Volatile.Write(ref _keyValueBytes, keyValueBytes);
    }
}
