using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>
/// Generates texts with one decoder, many at once: a thread of its own owns the decoder, and rows join and leave it between any two steps.
/// Its members may be called from any thread.
/// </summary>
internal sealed class GenerationEngine : IDisposable
{
    private readonly object _gate = new();
    private readonly string _model;
    private readonly IDecoder _decoder;
    private readonly RowBudget _budget;
    private readonly GenerationLoop _loop;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Rows that the loop has not been given yet.</summary>
    private readonly List<GenerationRow> _inbox = [];

    /// <summary>All rows that have not ended.</summary>
    private readonly List<GenerationRow> _rows = [];

    private long _submitted;
    private DateTimeOffset? _stopAt;
    private bool _hasEnded;

    private GenerationEngine(string model, IDecoder decoder, GenerationOptions options, TimeProvider time, ILogger logger)
    {
        (_model, _decoder, _time, _logger) = (model, decoder, time, logger);
        _budget = new RowBudget(decoder.Shape, options, model);
        _loop = new GenerationLoop(model, decoder, _budget, options, Counters, Forget, time, logger);
    }

    public GenerationCounters Counters { get; } = new();

    /// <summary>Most rows at a time.</summary>
    public int MaxRows => _budget.MaxRows;

    /// <summary>Rows that may come until there are <see cref="MaxRows"/>; below 0 when more wait.</summary>
    public int FreeRows
    {
        get
        {
            lock (_gate) return MaxRows - _rows.Count;
        }
    }

    /// <summary>Most tokens of a row, prompt and text together: what the model takes, or what there is memory for.</summary>
    public int MaxTokensPerRow => _budget.MaxTokensPerRow;

    /// <summary>Completes when the thread has ended: after <see cref="Stop"/>, or with the error that ended it.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Starts the thread. The decoder is the engine's from now on.</summary>
    /// <exception cref="ModelProblemException">There is not memory enough for one row.</exception>
    public static GenerationEngine Start(
        string model, IDecoder decoder, GenerationOptions options, TimeProvider time, ILogger logger)
    {
        var engine = new GenerationEngine(model, decoder, options, time, logger);
        new Thread(engine.Run) { IsBackground = true, Name = $"generation {model}" }.Start();
        return engine;
    }

    /// <summary>
    /// Whether a row of this size would begin at once, beside all that were submitted and have not ended. One that would not is not
    /// refused: it waits for its turn.
    /// </summary>
    public bool CanTake(int promptTokens, int maxNewTokens)
    {
        lock (_gate)
        {
            if (_stopAt is not null || _hasEnded) return false;
            var needed = _budget.NeedOf(promptTokens, promptTokens + maxNewTokens);
            foreach (var row in _rows) needed = Math.Max(needed, _budget.NeedOf(row.Request.Prompt.Length, row.MaxLength));
            return _budget.Fits(_rows.Count + 1, needed);
        }
    }

    /// <summary>
    /// Takes a request. All that comes of it goes to the sink, which gets its end in any case. Rows begin in the order in which they were
    /// submitted.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// It is nothing that a row could be: an empty prompt, a token that there is not, more tokens than <see cref="MaxTokensPerRow"/>, or a
    /// setting out of its range. The message says which, with the numbers.
    /// </exception>
    public void Submit(GenerationRequest request, ITokenSink sink)
    {
        Check(request);
        var row = new GenerationRow(request, sink, _decoder.Shape.EndTokens);
        lock (_gate)
        {
            if (_stopAt is null && !_hasEnded)
            {
                row.Sequence = _submitted++;
                _rows.Add(row);
                _inbox.Add(row);
                Monitor.Pulse(_gate);
                return;
            }
        }

        sink.OnEnd(row.End(GenerationFinish.Interrupted, "The engine has stopped.", null));
    }

    /// <summary>
    /// Ends the thread: at once where nothing runs, and else when the rows that have begun are done, at the latest after
    /// <paramref name="drain"/>. Those that wait, and those that are not done by then, end with
    /// <see cref="GenerationFinish.Interrupted"/>. Does not wait for it; <see cref="Completion"/> does.
    /// </summary>
    public void Stop(TimeSpan drain)
    {
        lock (_gate)
        {
            var end = _time.GetUtcNow() + drain;
            if (_stopAt is null || end < _stopAt) _stopAt = end;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Stops without draining; the thread gives the memory back when it ends.</summary>
    public void Dispose() => Stop(TimeSpan.Zero);

    private void Check(GenerationRequest request)
    {
        var (prompt, generated, most) = (request.Prompt.Length, request.Generated.Length, request.MaxNewTokens);
        if (prompt == 0) throw new ArgumentException("The prompt is empty; it must have a token or more.", nameof(request));
        if (most < 1) throw new ArgumentException($"MaxNewTokens is {most}; it must be 1 or more.", nameof(request));
        if (generated > most)
            throw new ArgumentException($"There are {generated} tokens already; MaxNewTokens is {most}.", nameof(request));
        if ((long)prompt + most > MaxTokensPerRow)
        {
            throw new ArgumentException(
                $"The prompt has {prompt} tokens, and up to {most} are to be generated; a row has at most {MaxTokensPerRow}.",
                nameof(request));
        }

        CheckTokens(request.Prompt.Span);
        CheckTokens(request.Generated.Span);
        request.Sampling.Check(_decoder.Shape.VocabularySize);
    }

    private void CheckTokens(ReadOnlySpan<int> tokens)
    {
        if (tokens.IndexOfAnyExceptInRange(0, _decoder.Shape.VocabularySize - 1) is var place and >= 0)
        {
            throw new ArgumentException(
                $"There is no token {tokens[place]}; the ids go from 0 to {_decoder.Shape.VocabularySize - 1}.", nameof(tokens));
        }
    }

    private void Run()
    {
        Exception? death = null;
        try
        {
            while (WaitForWork(out var stopAt)) _loop.Turn(_inbox, _gate, stopAt);
        }
        catch (Exception gone)
        {
            death = gone;
            Log.DeviceThreadDied(_logger, gone, _model);
        }

        lock (_gate) _hasEnded = true;
        _loop.EndAll(_inbox, death is null ? "The engine has stopped." : "The model runs nothing any more.");
        _loop.Dispose();
        _decoder.Dispose();
        if (death is null) _completion.TrySetResult();
        else _completion.TrySetException(death);
    }

    /// <summary>Waits while there is nothing to do; false when the thread is to end.</summary>
    private bool WaitForWork(out DateTimeOffset? stopAt)
    {
        lock (_gate)
        {
            while (_inbox.Count == 0 && !_loop.HasRows && _stopAt is null) Monitor.Wait(_gate);
            stopAt = _stopAt;
            return stopAt is null || _loop.HasRows || _inbox.Count > 0;
        }
    }

    private void Forget(GenerationRow row)
    {
        lock (_gate) _rows.Remove(row);
    }
}
