using System.Text.Json;
using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Limits;
using AiPlatform.Gateway.Submission;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Gateway.Answers;

/// <summary>
/// Asks a worker's language model for a typed answer. A record whose one property is any text gets what the model says. For any other
/// record the worker holds the model to the record's schema.
/// </summary>
internal sealed class WorkerAnswers(ModelCatalog catalog, CallAdmission admission, JobCalls jobs, CallLimiter limiter)
{
    /// <summary>An answer comes whole, and its caller waits: a text is short.</summary>
    private const int MaxTokensOfText = 128;

    private const int MaxTokensOfRecord = 512;

    /// <summary>
    /// The language model of this name; without a name, the first one by name that a worker serves now, or else one that workers served
    /// lately. Null when there is none.
    /// </summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    public async ValueTask<ModelDescriptor?> FindAsync(string? name, CancellationToken cancellationToken)
    {
        if (name is null)
        {
            if (Attended(await catalog.ReadAsync(cancellationToken)) is { } attended) return attended;
            var models = await catalog.ReadAnewAsync(cancellationToken);
            // A call for a model whose workers restart waits for one of them, and then fails in a way that says to try again.
            return Attended(models) ?? models.All.FirstOrDefault(model => model.Task == ChatTask.Kind);
        }

        return (await catalog.ReadForAsync(name, cancellationToken)).Find(name) is { Task: ChatTask.Kind } model ? model : null;
    }

    /// <summary>The model's text as the JSON of the record. Exactly one of the two is set.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    /// <exception cref="OperationCanceledException">The client disconnected; the job is canceled.</exception>
    public async Task<(string? Json, InferenceError? Error)> AskAsync<T>(
        HttpContext context, ModelDescriptor model, string instructions, string prompt, AnswerContract<T> contract, TimeSpan timeout)
        where T : class
    {
        var most = Math.Min(contract.OnlyText is null ? MaxTokensOfRecord : MaxTokensOfText, model.MaxTokens / 2);
        var body = contract.OnlyText is null
            ? AnswerRequest.Write(model.Name, WithSchema(instructions, contract), prompt, contract, most)
            : AnswerRequest.WritePlain(model.Name, instructions, prompt, most);
        var (call, invalid) = await admission.AdmitAsync(ChatTask.Description, body, context.RequestAborted);
        if (call is null)
            return (null, invalid!.Param == ResponseFormat.SchemaField ? NotHeld(model.Name, invalid.Message) : invalid);

        context.Response.SetModel(call.Model);
        var terms = new JobTerms
        {
            Tenant = context.Caller.Tenant,
            Lane = Lane.Interactive,
            Deadline = timeout,
            Limits = limiter.Of(context),
        };
        var end = await jobs.RunAsync(call, terms, context.RequestAborted);
        end.Describe(context.Response);
        if (end is { Job: null, Error.Kind: InferenceErrorKind.DeadlineExceeded }) return (null, OutOfTime(end.Error, timeout));
        return end.Error is { } error ? (null, error) : Read(end.Job!, contract.OnlyText, most);
    }

    private static ModelDescriptor? Attended(KnownModels models) =>
        models.All.FirstOrDefault(model => model.Task == ChatTask.Kind && models.IsAttended(model.Name));

    /// <summary>A small model that has not seen the schema writes what fits it, but not what is meant.</summary>
    private static string WithSchema<T>(string instructions, AnswerContract<T> contract)
        where T : class => $"{instructions} Answer in JSON that fits this schema: {contract.Schema.ToJsonString()}";

    private static (string? Json, InferenceError? Error) Read(Job job, string? onlyText, int maxTokens)
    {
        try
        {
            var answer = new ChatChunks(job.Id, job.Model, includesUsage: false).ReadWhole(job.Output?.Content ?? default).Choices[0];
            if (onlyText is not null)
                return (JsonSerializer.Serialize(new Dictionary<string, string> { [onlyText] = answer.Text.Trim() }), null);
            return answer.FinishReason == "length" ? (null, Cut(job.Model, maxTokens)) : (answer.Text, null);
        }
        catch (FormatException unreadable)
        {
            return (null, new InferenceError { Kind = InferenceErrorKind.Internal, Message = unreadable.Message });
        }
    }

    private static InferenceError Cut(string model, int maxTokens) => new()
    {
        Kind = InferenceErrorKind.AnswerInvalid,
        Message = $"The answer of '{model}' was cut after {maxTokens} tokens, before it was whole. Ask again, shorten the prompt, bound "
            + $"the texts and lists of the record, or name a larger model in {AnswersOptions.SectionName}:{nameof(AnswersOptions.Model)}.",
    };

    /// <summary>These routes cannot be jobs, and their callers can only shorten the time, so the usual advice would not help.</summary>
    private static InferenceError OutOfTime(InferenceError late, TimeSpan timeout) => late with
    {
        Message = $"There was no answer within {timeout.TotalSeconds:0.###} s. Shorten the prompt, or let the operator allow more time "
            + $"with {AnswersOptions.SectionName}:{nameof(AnswersOptions.Timeout)}; X-Request-Timeout can only shorten it.",
    };

    private static InferenceError NotHeld(string model, string reason) => new()
    {
        Kind = InferenceErrorKind.ModelNotFound,
        Message = $"The model '{model}' of our workers cannot be held to the record of this route. {reason} Name a provider's model: set "
            + $"{AnswersOptions.SectionName}:{nameof(AnswersOptions.Model)} to one of the section Models.",
    };
}
