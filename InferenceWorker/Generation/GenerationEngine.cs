using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>
/// Generates many texts at once with one decoder. A thread of its own owns the decoder, and rows join and leave the batch between any two
/// steps. Any thread may call its members.
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

    /// <summary>Rows that the loop has not taken over yet.</summary>
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

    /// <summary>Most tokens of a row, prompt and text together, as limited by the model or by the memory.</summary>
    public int MaxTokensPerRow => _budget.MaxTokensPerRow;

    /// <summary>Completes when the thread has ended: after <see cref="Stop"/>, or with the error that ended it.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Starts the thread. From now on the engine owns the decoder.</summary>
    /// <exception cref="ModelProblemException">There is not enough memory for one row.</exception>
    public static GenerationEngine Start(
        string model, IDecoder decoder, GenerationOptions options, TimeProvider time, ILogger logger)
    {
        var engine = new GenerationEngine(model, decoder, options, time, logger);
        new Thread(engine.Run) { IsBackground = true, Name = $"generation {model}" }.Start();
        return engine;
    }

    /// <summary>
    /// Whether a row of this size would begin at once, beside all submitted rows that have not ended. Otherwise a row is not refused, but
    /// waits for its turn.
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
    /// Submits a request. The sink gets its tokens, and in any case its end. Rows begin in the order in which they were submitted.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The request is invalid: an empty prompt, an unknown token, more tokens than <see cref="MaxTokensPerRow"/>, or a setting out of its
    /// range. The message says which, with the numbers.
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
    /// Ends the thread: at once if nothing runs, otherwise when the running rows have ended, and at the latest after
    /// <paramref name="drain"/>. Waiting rows, and rows that have not ended by then, end with <see cref="GenerationFinish.Interrupted"/>.
    /// This method does not wait for it; <see cref="Completion"/> does.
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

    /// <summary>Stops without draining; the thread releases the memory when it ends.</summary>
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

    /// <summary>Waits while there is nothing to do; false when the thread must end.</summary>
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
