using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Generation.Choosing;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;

namespace AiPlatform.InferenceWorker.Generation;

/// <summary>
/// The loop of the engine's thread. In each turn it ends rows that are no longer wanted, computes a chunk of a prompt, and then one step of
/// all running rows. So a row's next token never waits longer than one chunk, and a short prompt does not wait for the whole of a long one.
/// </summary>
internal sealed class GenerationLoop : IDisposable
{
    /// <summary>A smaller part of a prompt is not worth a run of its own, unless it is the last part.</summary>
    private const int LeastChunk = 16;

    /// <summary>
    /// Chunks that are computed as one while no row waits for its next token: a short prompt takes one run. More would be no faster, and
    /// let newcomers wait.
    /// </summary>
    private const int ChunksAlone = 2;

    /// <summary>
    /// Positions before a chunk beside running rows at which it is half as long. Each of its tokens attends to all positions before it, so
    /// an equally long chunk would take longer and longer.
    /// </summary>
    private const int PositionsOfHalfChunk = 1_024;

    /// <summary>
    /// The rows of a step at which half of its time is for the rows, and half is there for any number of them: for reading the weights.
    /// </summary>
    private const int RowsOfHalfAStep = 16;

    /// <summary>A token that is in every vocabulary.</summary>
    private static readonly int[] HarmlessTokens = [0];

    private readonly string _model;
    private readonly IDecoder _decoder;
    private readonly int _chunkTokens;
    private readonly GenerationCounters _counters;
    private readonly Action<GenerationRow> _forget;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly RowSlots _slots;
    private readonly TokenSampler _sampler;
    private readonly StepCallbacks _callbacks = new();
    private readonly LinkedList<GenerationRow> _waiting = [];
    private readonly List<(GenerationRow Row, GenerationFinish Finish, string? Problem, int? EndToken)> _ended = [];
    private readonly int[] _tokens;
    private readonly int[] _pasts;

    /// <summary>The rows whose prompts are being computed, a chunk of each in turn; the first one is next.</summary>
    private readonly List<GenerationRow> _prefilling = [];

    public GenerationLoop(
        string model, IDecoder decoder, RowBudget budget, GenerationOptions options, GenerationCounters counters,
        Action<GenerationRow> forget, TimeProvider time, ILogger logger)
    {
        (_model, _decoder, _counters, _forget, _time, _logger) = (model, decoder, counters, forget, time, logger);
        _chunkTokens = options.PrefillChunkTokens;
        _slots = new RowSlots(decoder, budget);
        _sampler = new TokenSampler(decoder.Shape.VocabularySize);
        (_tokens, _pasts) = (new int[budget.MaxRows], new int[budget.MaxRows]);
    }

    public bool HasRows => _waiting.Count > 0 || _slots.Active.Count > 0;

    /// <summary>Runs one turn: a chunk of prompts, or of a forced text, and then one step of every running row.</summary>
    /// <param name="inbox">New rows, which the loop takes over; guarded by <paramref name="gate"/>.</param>
    /// <param name="gate">Guards the inbox.</param>
    /// <param name="stopAt">When all rows must have ended; until then no row may begin. Null while the engine does not stop.</param>
    /// <exception cref="DeviceLostException">The decoder no longer runs anything.</exception>
    public void Turn(List<GenerationRow> inbox, object gate, DateTimeOffset? stopAt)
    {
        lock (gate)
        {
            foreach (var row in inbox) _waiting.AddLast(row);
            inbox.Clear();
        }

        EndUnwanted(stopAt);
        if (!PrefillSome()) RunForced();
        if (_slots.Decoding > 0) Step();
        _counters.Has(_slots.Decoding, _slots.Active.Count, _waiting.Count, _slots.CachedRows, _slots.Memory.Bytes);
    }

    /// <summary>Ends all rows, because the decoder no longer runs.</summary>
    public void EndAll(List<GenerationRow> inbox, string why)
    {
        foreach (var row in (List<GenerationRow>)[.. _slots.Abandon(), .. _waiting, .. inbox]) End(row, GenerationFinish.Interrupted, why);
        inbox.Clear();
        _counters.Has(0, 0, 0, 0, 0);
    }

    public void Dispose() => _slots.Dispose();

    private void EndUnwanted(DateTimeOffset? stopAt)
    {
        var now = _time.GetUtcNow();
        for (var node = _waiting.First; node is not null;)
        {
            var (row, next) = (node.Value, node.Next);
            if (WhyUnwanted(row, now) is { } reason) End(row, reason);
            else if (stopAt is not null) End(row, GenerationFinish.Interrupted, "The engine stops.");
            node = next;
        }

        for (var i = 0; i < _slots.Active.Count; i++)
        {
            var row = _slots.Active[i];
            if (WhyUnwanted(row, now) is { } reason) _ended.Add((row, reason, null, null));
            else if (now >= stopAt) _ended.Add((row, GenerationFinish.Interrupted, "The engine stops.", null));
        }

        EndThem();
    }

    private static GenerationFinish? WhyUnwanted(GenerationRow row, DateTimeOffset now)
    {
        if (row.Request.CancellationToken.IsCancellationRequested) return GenerationFinish.Canceled;
        return now >= row.Request.Deadline ? GenerationFinish.Expired : null;
    }

    /// <summary>Computes prompts, at most a chunk's tokens in all; more where no row waits for its next token meanwhile.</summary>
    /// <returns>Whether anything was computed.</returns>
    private bool PrefillSome()
    {
        var whole = _chunkTokens * ChunksAlone;
        var left = whole;
        while (left > 0 && NextPrompt() is { } row)
        {
            if (_slots.Decoding > 0) left = Math.Min(left, ChunkAfter(row.Computed));
            var remaining = row.Length - row.Computed;
            // The last token is computed in the next step.
            if (remaining == 1)
            {
                _prefilling.Remove(row);
                _slots.Join(row);
                continue;
            }

            if (left < Math.Min(remaining, LeastChunk)) return true;
            var tokens = Math.Min(remaining, left);
            // A run of one token may use other kernels than a run of several.
            if (remaining - tokens == 1) tokens--;
            left -= tokens;
            Prefill(row, tokens);
        }

        return left < whole;
    }

    /// <summary>Tokens of a chunk beside running rows, after so many positions of its prompt.</summary>
    private int ChunkAfter(int positions) =>
        Math.Max(LeastChunk, (int)((long)_chunkTokens * PositionsOfHalfChunk / (PositionsOfHalfChunk + positions)));

    /// <summary>Computes forced texts in runs of their own, at most a chunk's tokens in all. Short ones are left to the steps.</summary>
    private void RunForced()
    {
        for (var left = _chunkTokens; left > 1 && MakeRoom() && NextForced() is { } row;)
        {
            if (left < Math.Min(row.Pending, LeastChunk)) return;
            var tokens = Math.Min(row.Pending, left);
            if (row.Pending - tokens == 1) tokens--;
            left -= tokens;
            if (!TryRun(row, tokens, out var logits) || row.Pending > 0) continue;
            ChooseAlone(row, logits);
        }
    }

    /// <summary>
    /// The row with the longest forced text that is worth a run of its own; null if there is none. Such a run reads the weights once more,
    /// where the steps read them for all rows. So a text must be the longer, the more rows share a step.
    /// </summary>
    private GenerationRow? NextForced()
    {
        var rows = _slots.Decoding;
        var least = Math.Max(2, (RowsOfHalfAStep * rows / (RowsOfHalfAStep + rows)) + 1);
        GenerationRow? most = null;
        for (var slot = 0; slot < rows; slot++)
            if (_slots.DecodingRow(slot) is var row && row.Pending >= Math.Max(least, (most?.Pending ?? 0) + 1)) most = row;
        return most;
    }

    /// <summary>The row of which a chunk is next. A row that has waited joins the others at their end.</summary>
    private GenerationRow? NextPrompt()
    {
        if (Admit() is { } admitted) _prefilling.Add(admitted);
        return _prefilling.Count > 0 ? _prefilling[0] : null;
    }

    /// <summary>Whether most of a row's prompt will be there to copy, once a prompt that is being computed has come so far.</summary>
    private bool IsBeingComputed(GenerationRow row)
    {
        if (row.Request.PrefixScope is null) return false;
        foreach (var other in _prefilling)
        {
            if (other.Request.PrefixScope != row.Request.PrefixScope) continue;
            if (other.Tokens.CommonPrefixLength(row.Tokens) - other.Computed >= LeastChunk) return true;
        }

        return false;
    }

    /// <summary>
    /// Gives memory to the row that has waited longest and does not wait for another one's prompt; null when no row waits, or there is no
    /// memory for it.
    /// </summary>
    private GenerationRow? Admit()
    {
        for (var node = _waiting.First; node is not null;)
        {
            var row = node.Value;
            node = node.Next;
            if (row.Length >= row.MaxLength)
            {
                End(row, GenerationFinish.Length);
                continue;
            }

            if (row.Request.Constraint is { IsComplete: true })
            {
                End(row, GenerationFinish.Stop);
                continue;
            }

            var isFirst = row.CachedTokens < 0;
            if (isFirst)
            {
                AddForced(row);
                if (_ended.Count > 0)
                {
                    EndThem();
                    continue;
                }
            }

            if (IsBeingComputed(row)) continue;

            try
            {
                if (!_slots.TryPlace(row)) return null;
            }
            catch (OutOfMemoryException)
            {
                // The rows that run leave memory when they end.
                if (_slots.Active.Count > 0) return null;
                End(row, GenerationFinish.Failed, $"There is no memory for a row of {row.Length} tokens.");
                continue;
            }

            _waiting.Remove(row);
            if (isFirst) _counters.Placed(row.CachedTokens);
            return row;
        }

        return null;
    }

    private void Prefill(GenerationRow row, int tokens)
    {
        if (!TryRun(row, tokens, out var logits)) return;
        _prefilling.Remove(row);
        if (row.Computed < row.Length)
        {
            _prefilling.Add(row);
            return;
        }

        _slots.Join(row);
        ChooseAlone(row, logits);
    }

    /// <summary>Chooses the next token of a row that was computed in a run of its own.</summary>
    private void ChooseAlone(GenerationRow row, Span<float> logits)
    {
        Choose(row, logits);
        EndThem();
        if (row.Slot >= 0) TellStep(row);
        _callbacks.Publish();
        EndThem();
    }

    /// <summary>Computes a row's next tokens in a run of its own; false if the row has failed.</summary>
    private bool TryRun(GenerationRow row, int tokens, out Span<float> logits)
    {
        var start = _time.GetTimestamp();
        try
        {
            logits = _decoder.Prefill(_slots.Memory, row.Slot, row.Computed, row.Tokens.Slice(row.Computed, tokens));
        }
        catch (Exception failure)
        {
            logits = default;
            FailRun(row, failure);
            return false;
        }

        row.Computed += tokens;
        _counters.Prefilled(tokens, _time.GetElapsedTime(start));
        return true;
    }

    // :: Step 6: run. Every running row gets its next token, or the model reads one that was forced.
    private void Step()
    {
        if (!MakeRoom()) return;
        var start = _time.GetTimestamp();
        var rows = _slots.Decoding;
        for (var slot = 0; slot < rows; slot++)
        {
            var row = _slots.DecodingRow(slot);
            (_tokens[slot], _pasts[slot]) = (row.Tokens[row.Computed], row.Computed);
        }

        Span<float> logits;
        try
        {
            if (_decoder.Choice is { } choice) Narrow(choice, rows);
            logits = _decoder.Step(_slots.Memory, _tokens.AsSpan(0, rows), _pasts.AsSpan(0, rows));
            if (_decoder.Choice is { } narrowed) RunNarrowed(narrowed, rows);
        }
        catch (Exception failure)
        {
            StepOneByOne(rows, failure);
            return;
        }

        var (stride, vocabulary) = (_decoder.Shape.LogitsStride, _decoder.Shape.VocabularySize);
        for (var slot = 0; slot < rows; slot++)
        {
            var row = _slots.DecodingRow(slot);
            row.Computed++;
            if (row.Pending == 0) Choose(row, logits.Slice(slot * stride, vocabulary), slot);
        }

        EndStep();
        _counters.Stepped(_time.GetElapsedTime(start));
    }

    /// <summary>Finds the rows of a step for which their likeliest tokens suffice, or nothing because the next one is forced.</summary>
    private void Narrow(IDeviceChoice choice, int rows)
    {
        choice.Begin(rows);
        for (var slot = 0; slot < rows; slot++)
        {
            var row = _slots.DecodingRow(slot);
            var isForced = row.Pending > 1;
            if (isForced || (row.Changes.OnlyForbids && TokenSampler.IsAmong(choice.Count, row.Request.Sampling))) choice.Narrow(slot);
        }
    }

    /// <summary>Finds the likeliest tokens of these rows. Their masks are taken late, because they are computed beside the run.</summary>
    private void RunNarrowed(IDeviceChoice choice, int rows)
    {
        for (var slot = 0; slot < rows; slot++)
        {
            var row = _slots.DecodingRow(slot);
            if (!choice.IsNarrow(slot) || row.Pending > 1) continue;
            try
            {
                row.Changes.Forbid(choice.MaskOf(slot), row.Generated);
            }
            catch (Exception)
            {
                // The choice from all logits asks for the mask again, and ends the row with the reason.
                choice.Widen(slot);
            }
        }

        choice.Run();
    }

    /// <summary>Ends a step in which all rows have got their tokens: ended rows leave, then the sinks of the others are notified.</summary>
    private void EndStep()
    {
        EndThem();
        for (var slot = 0; slot < _slots.Decoding; slot++) TellStep(_slots.DecodingRow(slot));
        _callbacks.Publish();
        EndThem();
    }

    private void TellStep(GenerationRow row)
    {
        try
        {
            row.Request.Constraint?.Prepare();
            row.Sink.OnStep(_callbacks);
        }
        catch (Exception failure)
        {
            FailSink(row, failure);
        }
    }

    private void FailSink(GenerationRow row, Exception failure)
    {
        if (failure is TokenConstraintException refusal)
        {
            _ended.Add((row, GenerationFinish.Refused, refusal.Message, null));
            return;
        }

        Log.RowFailed(_logger, failure, _model, row.Length);
        _ended.Add((row, GenerationFinish.Failed, "The sink or the constraint of the tokens has failed.", null));
    }

    /// <summary>
    /// Makes room for the next token of each row, by preempting the youngest rows if necessary; false when no row is left.
    /// </summary>
    private bool MakeRoom()
    {
        while (_slots.Decoding > 0)
        {
            var longest = 0;
            for (var slot = 0; slot < _slots.Decoding; slot++) longest = Math.Max(longest, _slots.DecodingRow(slot).Length);
            if (longest <= _slots.Memory.Positions) return true;

            try
            {
                if (!_slots.TryGrow(longest)) Preempt();
            }
            catch (OutOfMemoryException)
            {
                // With fewer rows there may be enough.
                if (_slots.Active.Count > 1)
                {
                    Preempt();
                    continue;
                }

                var alone = _slots.Active[0];
                End(alone, GenerationFinish.Failed, $"There is no memory for a row of {alone.Length} tokens.");
            }
        }

        return false;
    }

    /// <summary>Preempts the youngest row, which releases its memory and continues first when memory is free again.</summary>
    private void Preempt()
    {
        var youngest = _slots.Active[0];
        foreach (var row in _slots.Active)
            if (row.Sequence > youngest.Sequence) youngest = row;

        _slots.Remove(youngest, keep: false);
        _prefilling.Remove(youngest);
        youngest.Computed = 0;
        _waiting.AddFirst(youngest);
        _counters.Preempted();
    }

    /// <summary>Chooses a row's next token and passes it to the sink. Ends the row if the token ends its text.</summary>
    private void Choose(GenerationRow row, Span<float> logits, int slotOfStep = -1)
    {
        try
        {
            var choice = slotOfStep >= 0 && _decoder.Choice is { } device && device.TryGet(slotOfStep, out var tokens, out var likeliest)
                ? _sampler.ChooseAmong(tokens, likeliest, row.Request.Sampling, row.Generated)
                : _sampler.Choose(logits, row.Request.Sampling, row.Changes, row.Generated);
            if (!choice.IsToken)
            {
                if (choice == TokenChoice.NothingAllowed) _counters.DeadEnd();
                _ended.Add((row, GenerationFinish.Failed, choice == TokenChoice.NotFinite
                    ? "The model gave logits with NaN or infinity."
                    : "Constraint and bias leave no token that could come next. This is a bug.", null));
                return;
            }

            _counters.Generated();
            if (!row.Request.Sampling.IgnoreEnd && _decoder.Shape.EndTokens.Contains(choice.Token))
            {
                _ended.Add((row, GenerationFinish.Stop, null, choice.Token));
                return;
            }

            var token = new GeneratedToken(choice.Token, row.Generated, choice.LogProbability, _sampler.Top);
            if (Add(row, token)) AddForced(row);
        }
        catch (Exception failure)
        {
            FailSink(row, failure);
        }
    }

    /// <summary>Adds the tokens that must follow a row's text.</summary>
    private void AddForced(GenerationRow row)
    {
        if (row.Request.Constraint is not { } constraint) return;
        try
        {
            foreach (var token in constraint.Forced)
            {
                _counters.Forced();
                if (!Add(row, new GeneratedToken(token, row.Generated, 0, [], isForced: true))) return;
            }
        }
        catch (Exception failure)
        {
            FailSink(row, failure);
        }
    }

    /// <summary>Adds a token to a row's text, and passes it to the sink; false if the row ends with it.</summary>
    private bool Add(GenerationRow row, in GeneratedToken token)
    {
        var constraint = row.Request.Constraint;
        row.Append(token.Id);
        constraint?.Accept(token.Id);
        if (!row.Sink.OnToken(token) || constraint is { IsComplete: true }) _ended.Add((row, GenerationFinish.Stop, null, null));
        else if (row.Length >= row.MaxLength) _ended.Add((row, GenerationFinish.Length, null, null));
        else return true;
        return false;
    }

    /// <summary>Computes each row alone after a failed step, so that only the row that cannot be computed fails.</summary>
    private void StepOneByOne(int rows, Exception failure)
    {
        Log.StepFailed(_logger, _model, rows, failure.Message);
        for (var slot = 0; slot < rows; slot++)
        {
            var row = _slots.DecodingRow(slot);
            try
            {
                var logits = _decoder.Prefill(_slots.Memory, slot, row.Computed, row.Tokens.Slice(row.Computed, 1));
                row.Computed++;
                if (row.Pending == 0) Choose(row, logits);
            }
            catch (Exception alone)
            {
                Log.RowFailed(_logger, alone, _model, row.Length);
                _ended.Add((row, GenerationFinish.Failed, $"The model failed on a row of {row.Length} tokens.", null));
            }
        }

        if (_ended.Count == rows) ThrowIfDeviceIsGone();
        EndStep();
    }

    private void FailRun(GenerationRow row, Exception failure)
    {
        Log.RowFailed(_logger, failure, _model, row.Length);
        ThrowIfDeviceIsGone();
        End(row, GenerationFinish.Failed, $"The model failed on a row of {row.Length} tokens.");
    }

    /// <summary>Throws if the device is lost. The failed row is at fault as long as the model still runs a harmless row.</summary>
    private void ThrowIfDeviceIsGone()
    {
        try
        {
            using var memory = _decoder.NewMemory();
            memory.Reshape(1, 2, []);
            _decoder.Prefill(memory, 0, 0, HarmlessTokens);
        }
        catch (Exception gone)
        {
            // Another engine can continue these rows.
            _ended.Clear();
            throw new DeviceLostException($"The model '{_model}' runs nothing any more: {gone.Message}", gone);
        }
    }

    private void EndThem()
    {
        foreach (var (row, finish, problem, endToken) in _ended) End(row, finish, problem, endToken);
        _ended.Clear();
    }

    private void End(GenerationRow row, GenerationFinish finish, string? problem = null, int? endToken = null)
    {
        if (row.Slot >= 0) _slots.Remove(row, keep: finish != GenerationFinish.Failed);
        else _waiting.Remove(row);
        _prefilling.Remove(row);
        _forget(row);
        _counters.Ended();
        try
        {
            row.Sink.OnEnd(row.End(finish, problem, endToken));
        }
        catch (Exception failure)
        {
            Log.RowFailed(_logger, failure, _model, row.Length);
        }
    }
}
