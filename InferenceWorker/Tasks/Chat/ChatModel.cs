using System.Globalization;
using System.Text.Json;
using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.InferenceWorker.Text.Templates;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>
/// Runs <c>/v1/chat/completions</c>: renders the messages, makes tokens of them, and has the engine generate the answers, beside those of
/// other jobs.
/// </summary>
internal sealed class ChatModel : ILoadedModel
{
    /// <summary>Of a short chat: jobs are leased before anybody knows how long they are.</summary>
    private const int TypicalTokens = 256;

    private readonly OpenedChat _opened;
    private readonly ModelServices _services;
    private readonly GenerationEngine _engine;
    private readonly int _vocabularySize;

    /// <exception cref="ModelProblemException">There is no memory for one chat.</exception>
    public ChatModel(OpenedChat opened, ModelServices services)
    {
        (_opened, _services) = (opened, services);
        _vocabularySize = opened.Decoder.Shape.VocabularySize;
        _engine = GenerationEngine.Start(
            opened.Manifest.Name, opened.Decoder, services.Generation, services.Time, services.Logger);
        services.GenerationMetrics?.Watch(opened.Manifest.Name, _engine.Counters);
    }

    public ModelManifest Manifest => _opened.Manifest;

    public int Capacity => _engine.MaxRows;

    /// <summary>
    /// Another worker may have room for what would wait here. What is leased and does not fit after all waits in the engine.
    /// </summary>
    public int Room => _engine.CanTake(TypicalTokens, TypicalTokens) ? _engine.FreeRows : 0;

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
        var (call, refused) = ChatRequestParser.Parse(job.Body.Span);
        if (call is null) return JobOutcome.Failure(refused!);
        if ((call.Check(Describe()) ?? CheckBiases(call)) is { } wrong) return JobOutcome.Failure(wrong);

        var start = _services.Time.GetTimestamp();
        var (prompt, misfit) = Encode(job.Body);
        if (prompt is null) return JobOutcome.Failure(misfit!);
        _services.Metrics.Tokenized(Manifest.Name, _services.Time.GetElapsedTime(start));
        if (CheckLength(call, prompt.Length) is { } tooLong) return JobOutcome.Failure(tooLong);

        using var activity = BatchActivities.StartRequest(
            ChatTask.Description.Operation, Manifest.Name, call.Choices, prompt.Length);
        var times = new TokenTimes(_services.GenerationMetrics, Manifest.Name, _services.Time, start);
        var most = call.MaxNewTokens ?? MaxTokens - prompt.Length;
        var run = new ChatRun(job, call, prompt, most, _opened.Tokenizer, _engine, sink, times);
        var outcome = await run.RunAsync(cancellationToken);
        activity?.SetTag("gen_ai.usage.output_tokens", run.CompletionTokens);
        if (outcome.Error is { } failed) activity?.Fail(failed.Code);
        return outcome;
    }

    public void Stop() => _engine.Stop(TimeSpan.Zero);

    private (int[]? Prompt, InferenceError? Error) Encode(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var prompt = _opened.Tokenizer.Encode(_opened.Template.Render(document.RootElement.GetProperty("messages")));
            return prompt.Length > 0
                ? (prompt, null) : (null, InferenceError.Invalid("messages", "The model's chat template makes nothing of the messages."));
        }
        catch (ChatTemplateRenderException refused)
        {
            return (null, InferenceError.Invalid("messages", refused.Message));
        }
    }

    private InferenceError? CheckLength(ChatCall call, int prompt)
    {
        if (prompt + (long)(call.MaxNewTokens ?? 1) <= MaxTokens) return null;
        var answer = call.MaxNewTokens is { } most
            ? string.Create(CultureInfo.InvariantCulture, $" and an answer of up to {most} is asked for") : "";
        return new InferenceError
        {
            Kind = InferenceErrorKind.ContextLengthExceeded,
            Message = string.Create(
                CultureInfo.InvariantCulture,
                $"The messages have {prompt} tokens{answer}; '{Manifest.Name}' has room for {MaxTokens} tokens, messages and answer "
                + $"together. Shorten them, or ask for less."),
            Param = "messages",
        };
    }

    private InferenceError? CheckBiases(ChatCall call)
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
