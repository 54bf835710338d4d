using System.Text.Json;
using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Submission;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Tasks.Chat;

namespace AiPlatform.Gateway.Answers;

/// <summary>
/// Asks a language model of our own workers for a typed answer. Such a model cannot be held to a schema yet, so it is only asked for
/// records whose one property is a text: what it says is that text.
/// </summary>
internal sealed class WorkerAnswers(ModelCatalog catalog, CallAdmission admission, JobCalls jobs)
{
    /// <summary>An answer comes whole, and its caller waits: it is short.</summary>
    private const int MaxTokens = 128;

    /// <summary>
    /// The language model of this name; or, where there is none, the first one by name that a worker serves now. Null when there is none.
    /// </summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    public async ValueTask<ModelDescriptor?> FindAsync(string? name, CancellationToken cancellationToken)
    {
        if (name is null) return First(await catalog.ReadAsync(cancellationToken)) ?? First(await catalog.ReadAnewAsync(cancellationToken));
        return (await catalog.ReadForAsync(name, cancellationToken)).Find(name) is { Task: ChatTask.Kind } model ? model : null;
    }

    /// <summary>What the model says, as the JSON of the record. Exactly one of the two is set.</summary>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    /// <exception cref="OperationCanceledException">The client went away; the job is canceled.</exception>
    public async Task<(string? Json, InferenceError? Error)> AskAsync<T>(
        HttpContext context, ModelDescriptor model, string instructions, string prompt, AnswerContract<T> contract, TimeSpan timeout)
        where T : class
    {
        if (contract.OnlyText is not { } property) return (null, NotSupported(model.Name));

        var body = AnswerRequest.WritePlain(model.Name, instructions, prompt, Math.Min(MaxTokens, model.MaxTokens / 2));
        var (call, invalid) = await admission.AdmitAsync(ChatTask.Description, body, context.RequestAborted);
        if (call is null) return (null, invalid);

        context.Response.SetModel(call.Model);
        var terms = new JobTerms { Tenant = context.Caller.Tenant, Lane = Lane.Interactive, Deadline = timeout };
        var end = await jobs.RunAsync(call, terms, context.RequestAborted);
        end.Describe(context.Response);
        return end.Error is { } error ? (null, error) : Read(end.Job!, property);
    }

    private static ModelDescriptor? First(KnownModels models) =>
        models.All.FirstOrDefault(model => model.Task == ChatTask.Kind && models.IsAttended(model.Name));

    private static (string? Json, InferenceError? Error) Read(Job job, string property)
    {
        try
        {
            var answer = new ChatChunks(job.Id, job.Model, includesUsage: false).ReadWhole(job.Output?.Content ?? default);
            var text = answer.Choices[0].Text.Trim();
            return (JsonSerializer.Serialize(new Dictionary<string, string> { [property] = text }), null);
        }
        catch (FormatException unreadable)
        {
            return (null, new InferenceError { Kind = InferenceErrorKind.Internal, Message = unreadable.Message });
        }
    }

    private static InferenceError NotSupported(string model) => new()
    {
        Kind = InferenceErrorKind.ModelNotFound,
        Message = $"The model '{model}' of our workers does not support structured answers yet. Name a provider's model for this route: "
            + $"set {AnswersOptions.SectionName}:{nameof(AnswersOptions.Model)} to one of the section Models.",
    };
}
