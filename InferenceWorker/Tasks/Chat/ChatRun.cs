using System.Threading.Channels;
using AiPlatform.Grammars.Masks;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Constraints;
using AiPlatform.InferenceWorker.Generation.Sampling;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.InferenceWorker.Text.Bpe;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>
/// One running chat or request for completions. Each choice is a row of the engine. If the call streams, the text is written to the job's
/// log as it comes. The rows continue the output of earlier attempts, which is not written again.
/// </summary>
/// <param name="job">The job.</param>
/// <param name="call">Its request.</param>
/// <param name="prompts">The prompts as tokens; all have equally many choices.</param>
/// <param name="masks">The grammar of each answer; null for free text.</param>
/// <param name="maxTokens">Most tokens of a prompt and its answer together.</param>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="engine">The model's engine.</param>
/// <param name="sink">Collects the output.</param>
/// <param name="times">Measures the times of its tokens.</param>
internal sealed class ChatRun(
    LeasedJob job, GenerationCall call, int[][] prompts, TokenMasks? masks, int maxTokens, ChatTokenizer tokenizer,
    GenerationEngine engine, JobSink sink, TokenTimes times)
{
    private readonly AnswerForm _form = call.FormOf(job.Id, job.Model);
    private readonly ChoiceText[] _choices = new ChoiceText[call.Choices];

    /// <summary>
    /// A latch that is set when text has arrived or a row has ended. Its waiter runs on the thread that sets it, so that the texts of
    /// one step are written one after another, and share a call to Redis.
    /// </summary>
    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1)
    {
        FullMode = BoundedChannelFullMode.DropWrite,
        SingleReader = true,
        AllowSynchronousContinuations = true,
    });

    private bool _hasSaidUsage;

    /// <summary>Tokens of all choices.</summary>
    public int CompletionTokens => _choices.Sum(choice => choice.CompletionTokens);

    /// <summary>What the answer is asked to fit cannot be guaranteed.</summary>
    public static InferenceError NotConstrained(GenerationCall call, string why)
    {
        var field = call is ChatCall { Tools.Count: > 0 } ? "tools" : ResponseFormat.FieldOf(call.Grammar!.Kind);
        return InferenceError.Invalid(field, $"{field} cannot be guaranteed. {why}");
    }

    public async Task<JobOutcome> RunAsync(CancellationToken cancellationToken)
    {
        Action? changed = call.WantsStream ? () => _news.Writer.TryWrite(true) : null;
        for (var i = 0; i < _choices.Length; i++) _choices[i] = NewChoice(i, changed);
        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var state = SinkState.Open;
        try
        {
            if (call.WantsStream) await GoOnAsync(cancellationToken);
            foreach (var choice in _choices)
                if (!choice.HasEnded) engine.Submit(RequestOf(choice, wanted.Token), choice);

            var work = call.WantsStream ? StreamAsync() : AllEndedAsync();
            int? most = call.MaxNewTokens is null ? null : (int)Math.Min(int.MaxValue, _choices.Sum(choice => (long)choice.MaxNewTokens));
            await sink.ReportWhileAsync(work, "tokens", () => _choices.Sum(choice => choice.Tokens), most);
            state = await work;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new RunStoppedException(Usage());
        }
        catch (Exception unreadable) when (unreadable is FormatException or TokenConstraintException)
        {
            return JobOutcome.Failure(new InferenceError { Kind = InferenceErrorKind.Internal, Message = unreadable.Message });
        }
        finally
        {
            // In any case, no row continues.
            await wanted.CancelAsync();
        }

        if (cancellationToken.IsCancellationRequested) throw new RunStoppedException(Usage());
        return state switch
        {
            SinkState.Full => JobOutcome.Failure(TooMuch(), Usage()),
            SinkState.Lost => JobOutcome.Failure(Failed("The lease was lost while the answer was streamed."), Usage()),
            _ => await EndAsync(),
        };
    }

    private ChoiceText NewChoice(int index, Action? changed)
    {
        var prompt = prompts[index / call.ChoicesPerPrompt];
        return new ChoiceText(index, prompt, call.MaxNewTokens ?? maxTokens - prompt.Length, call, masks, tokenizer, times, changed);
    }

    private static InferenceError Failed(string why) => new() { Kind = InferenceErrorKind.ModelFailed, Message = why };

    private static InferenceError TooMuch() => InferenceError.Invalid(
        null,
        $"The answer takes more than the {JobSink.MaxOutputBytes} bytes that a stream may have: ask for fewer choices, tokens or "
        + "logprobs.");

    private async Task<JobOutcome> EndAsync()
    {
        foreach (var choice in _choices)
        {
            // The engine may be lost; then another worker continues, or this one after its restart.
            if (choice.Problem is { } problem)
                return JobOutcome.Failure(choice.IsRefused ? NotConstrained(call, problem) : Failed(problem), Usage());
        }

        var usage = Usage();
        if (call is { WantsStream: true, IncludesUsage: true } && !_hasSaidUsage) await sink.WriteAsync(_form.Usage(usage));
        try
        {
            var answer = _form.Whole(_choices.Select(choice => choice.ToChoice(_form)), usage);
            return JobOutcome.Success(new JobOutput(JobOutput.Json, answer), usage);
        }
        catch (FormatException wrong)
        {
            return JobOutcome.Failure(new InferenceError { Kind = InferenceErrorKind.Internal, Message = wrong.Message }, usage);
        }
    }

    /// <summary>A prompt counts once, however many choices it has.</summary>
    private string Usage()
    {
        var cached = prompts.Select((prompt, i) => Math.Min(prompt.Length, _choices[i * call.ChoicesPerPrompt].CachedTokens)).Sum();
        return AnswerForm.WriteUsage(prompts.Sum(prompt => prompt.Length), cached, CompletionTokens);
    }

    private async Task<SinkState> AllEndedAsync()
    {
        foreach (var choice in _choices) await choice.Ended;
        return SinkState.Open;
    }

    /// <summary>Writes text as it comes until all rows have ended, which they do soon when they are canceled.</summary>
    private async Task<SinkState> StreamAsync()
    {
        List<string> pieces = [];
        while (true)
        {
            // This is read before the text is taken, because the last text arrives before the end does.
            var haveEnded = _choices.All(choice => choice.HasEnded);
            foreach (var choice in _choices)
                while (choice.Take(_form) is { } chunk) pieces.Add(chunk);
            if (pieces.Count > 0 && await sink.WriteAsync(pieces) is var state and not SinkState.Open) return state;
            if (haveEnded) return SinkState.Open;
            pieces.Clear();
            await _news.Reader.ReadAsync(CancellationToken.None);
        }
    }

    private async Task GoOnAsync(CancellationToken cancellationToken)
    {
        foreach (var said in await sink.SaidBeforeAsync(cancellationToken))
        {
            var piece = _form.ReadPiece(said);
            if (piece.Choice is not { } choice) _hasSaidUsage = true;
            else if (choice >= 0 && choice < _choices.Length) _choices[choice].Restore(piece);
        }
    }

    /// <summary>Follows what an earlier attempt has said. The first mask is there when the prompt has been computed.</summary>
    private GrammarConstraint Constrain(ChoiceText choice, TokenMasks masks)
    {
        var constraint = new GrammarConstraint(masks, call.IgnoresEnd, choice.Restored);
        constraint.Prepare();
        return constraint;
    }

    private GenerationRequest RequestOf(ChoiceText choice, CancellationToken wanted) => new()
    {
        Prompt = choice.Prompt,
        Generated = choice.Restored,
        MaxNewTokens = choice.MaxNewTokens,
        PrefixScope = job.Tenant,
        CancellationToken = wanted,
        Constraint = masks is null ? null : Constrain(choice, masks),
        Sampling = new SamplingSettings
        {
            Temperature = (float)call.Temperature,
            TopP = (float)call.TopP,
            TopK = call.TopK,
            MinP = (float)call.MinP,
            PresencePenalty = (float)call.PresencePenalty,
            FrequencyPenalty = (float)call.FrequencyPenalty,
            RepetitionPenalty = (float)call.RepetitionPenalty,
            Seed = call.Seed is { } seed ? unchecked((ulong)seed) : SeedOf(job.Id),
            // With the caller's seed a prompt gets the same text alone and among other prompts. Without it, equal prompts get different
            // texts.
            Choice = call.Seed is null ? choice.Index : choice.Index % call.ChoicesPerPrompt,
            LogitBias = [.. call.LogitBias.Select(one => new TokenBias(one.Key, (float)one.Value))],
            LogProbabilities = call.Likelihoods,
            TopLogProbabilities = call.TopLikelihoods,
            IgnoreEnd = call.IgnoresEnd,
        },
    };

    /// <summary>The seed of a job without one. All attempts of a job have the same seed, and other jobs have others.</summary>
    private static ulong SeedOf(JobId id)
    {
        var hash = 14_695_981_039_346_656_037;
        foreach (var character in id.Key) hash = unchecked((hash ^ character) * 1_099_511_628_211);
        return hash;
    }
}
