using System.Globalization;
using AiPlatform.Grammars.Masks;
using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Constraints;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Completions;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Jobs.Tasks.Generation;
using AiPlatform.Jobs.Telemetry;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>
/// Runs <c>/v1/chat/completions</c> and <c>/v1/completions</c>: turns the prompts into tokens, and lets the engine generate the answers,
/// beside those of other jobs.
/// </summary>
internal sealed class ChatModel : ILoadedModel
{
    /// <summary>Tokens of a short chat. Jobs are leased before their length is known.</summary>
    private const int TypicalTokens = 256;

    private readonly OpenedChat _opened;
    private readonly ModelServices _services;
    private readonly GenerationEngine _engine;
    private readonly ChatPrompts _prompts;
    private readonly CompiledGrammars _grammars;
    private readonly int _vocabularySize;

    /// <exception cref="ModelProblemException">There is not enough memory for one chat.</exception>
    public ChatModel(OpenedChat opened, ModelServices services)
    {
        (_opened, _services) = (opened, services);
        _prompts = new ChatPrompts(opened);
        _vocabularySize = opened.Decoder.Shape.VocabularySize;
        // The model is ready before its tokens are arranged for grammars.
        _grammars = new CompiledGrammars(
            Task.Run(opened.ArrangeTokens), services.Generation.GrammarMemoryMiB * 1024L * 1024, services.Generation.FlexibleWhitespace);
        _engine = GenerationEngine.Start(
            opened.Manifest.Name, opened.Decoder, services.Generation, services.Time, services.Logger);
        services.GenerationMetrics?.Watch(opened.Manifest.Name, _engine.Counters);
    }

    public ModelManifest Manifest => _opened.Manifest;

    public IModelTokens Tokens => _prompts;

    public string Device => _opened.Device.Name;

    public int Capacity => _engine.MaxRows;

    /// <summary>
    /// How many more jobs fit. Jobs that would wait here are left for other workers. A leased job that does not fit after all waits in the
    /// engine.
    /// </summary>
    public int Room => _engine.CanTake(TypicalTokens, TypicalTokens) ? _engine.FreeRows : 0;

    /// <summary>
    /// A row beside others is slower, and waits for their prompts. While a step of the other rows is under way, the delay costs a new row
    /// hardly anything.
    /// </summary>
    public TimeSpan DelayPerJob { get; } = TimeSpan.FromMilliseconds(2);

    public Task Completion => _engine.Completion;

    /// <summary>Most tokens of a chat, messages and answer together.</summary>
    private int MaxTokens => Math.Min(_opened.Manifest.MaxTokens, _engine.MaxTokensPerRow);

    public ModelDescriptor Describe() => new()
    {
        Name = Manifest.Name,
        Task = Manifest.Task,
        MaxTokens = MaxTokens,
        Created = new DateTimeOffset(Manifest.Created, TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeSeconds(),
        OwnedBy = Manifest.Source.Split('/')[0],
    };

    public async Task<JobOutcome> RunAsync(LeasedJob job, JobSink sink, CancellationToken cancellationToken)
    {
        var content = new EmbeddingContent();
        var (call, refused) = Parse(job, content);
        if (call is null) return JobOutcome.Failure(refused!);
        if ((call.Check(Describe()) ?? CheckBiases(call)) is { } wrong) return JobOutcome.Failure(wrong);

        var start = _services.Time.GetTimestamp();
        var (prompts, misfit) = call is CompletionCall completion
            ? _prompts.Of(completion, content) : _prompts.OfChat((ChatCall)call, job.Body);
        if (prompts is null) return JobOutcome.Failure(misfit!);
        _services.Metrics.Tokenized(Manifest.Name, _services.Time.GetElapsedTime(start));
        if (CheckLengths(call, prompts) is { } tooLong) return JobOutcome.Failure(tooLong);

        TokenMasks? masks = null;
        if (call.Grammar is { } grammar)
        {
            (masks, var unable) = await _grammars.GetAsync(grammar, cancellationToken);
            if (unable is not null) return JobOutcome.Failure(ChatRun.NotConstrained(call, unable));
        }

        using var activity = BatchActivities.StartRequest(
            ModelTasks.OperationOf(job.Endpoint), Manifest.Name, call.Choices, prompts.Sum(prompt => prompt.Length));
        var times = new TokenTimes(_services.GenerationMetrics, Manifest.Name, _services.Time, start);
        var run = new ChatRun(job, call, prompts, masks, MaxTokens, _opened.Tokenizer, _engine, sink, times);
        var outcome = await run.RunAsync(cancellationToken);
        activity?.SetTag("gen_ai.usage.output_tokens", run.CompletionTokens);
        MessageContent.Describe(activity, job.Body, outcome.Output?.Content ?? default);
        if (outcome.Error is { } failed) activity?.Fail(failed.Code);
        return outcome;
    }

    public void Stop() => _engine.Stop(TimeSpan.Zero);

    private static (GenerationCall? Call, InferenceError? Error) Parse(LeasedJob job, EmbeddingContent content)
    {
        if (job.Endpoint == CompletionTask.Endpoint) return CompletionRequestParser.Parse(job.Body.Span, content);
        return ChatRequestParser.Parse(job.Body.Span);
    }

    private InferenceError? CheckLengths(GenerationCall call, int[][] prompts)
    {
        var longest = Array.FindIndex(prompts, prompt => prompt.Length + (long)(call.MaxNewTokens ?? 1) > MaxTokens);
        if (longest < 0) return null;

        var answer = call.MaxNewTokens is { } most
            ? string.Create(CultureInfo.InvariantCulture, $" and an answer of up to {most} is asked for") : "";
        var has = call is CompletionCall completion ? $"'{completion.NameOf(longest)}' has" : "The messages have";
        return new InferenceError
        {
            Kind = InferenceErrorKind.ContextLengthExceeded,
            Message = string.Create(
                CultureInfo.InvariantCulture,
                $"{has} {TokenCount.Of(prompts[longest].Length, MaxTokens)} tokens{answer}; '{Manifest.Name}' has room for {MaxTokens} "
                + $"tokens, {call.InputField} and answer together. Shorten what you send, or ask for less."),
            Param = call is CompletionCall one ? one.NameOf(longest) : call.InputField,
        };
    }

    private InferenceError? CheckBiases(GenerationCall call)
    {
        foreach (var (token, _) in call.LogitBias)
        {
            if (token < _vocabularySize) continue;
            return InferenceError.Invalid(
                $"logit_bias.{token}",
                $"logit_bias has the token {token}; those of '{Manifest.Name}' go from 0 to {_vocabularySize - 1}.");
        }

        return null;
    }
}
