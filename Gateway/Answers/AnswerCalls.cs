using AiPlatform.Gateway.Calls;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Problems;
using AiPlatform.Gateway.Providers;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Whole;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Jobs.Tasks.Chat;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Answers;

/// <summary>Asks a model for an answer that is a C# record, and returns such a record or an error.</summary>
internal sealed class AnswerCalls(
    ProviderCatalog catalog, DirectCalls providers, WorkerAnswers workers, MeasuredCalls measured, SchemaWork work,
    IOptions<AnswersOptions> options, IOptions<GatewayOptions> limits)
{
    private const int MaxRawAnswerLength = 1_000;

    /// <param name="context">The call.</param>
    /// <param name="route">Its route, for the metrics.</param>
    /// <param name="model">The model to ask; null for <c>Answers:Model</c>.</param>
    /// <param name="instructions">The instructions for the model.</param>
    /// <param name="contract">The contract of its answer.</param>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public Task<IResult> AnswerAsync<T>(HttpContext context, string route, string? model, string instructions, AnswerContract<T> contract)
        where T : class => measured.RunAsync(context, route, async () =>
    {
        var (answer, error) = await AskAsync(context, model, instructions, contract);
        return answer is null ? new Problem(error!) : TypedResults.Bytes(contract.Write(answer), "application/json");
    });

    /// <summary>Exactly one of the two is set.</summary>
    private async Task<(T? Answer, InferenceError? Error)> AskAsync<T>(
        HttpContext context, string? model, string instructions, AnswerContract<T> contract)
        where T : class
    {
        if (RequestBody.CheckType(context.Request) is { } notJson) return (null, notJson);
        if (!RequestTimeout.TryParseHeader(
            context.Request.Headers[RequestTimeout.Header], limits.Value.MaxRequestTimeout, out var timeout, out var badTimeout))
        {
            return (null, badTimeout);
        }

        var (prompt, invalid) = PromptRequestParser.Parse(await RequestBody.ReadAsync(context.Request, context.RequestAborted));
        if (prompt is null) return (null, invalid);

        var longest = options.Value.Timeout;
        var limit = timeout < longest ? timeout.Value : longest;
        var name = model ?? options.Value.Model;
        var routes = catalog.Routes;
        if (name is null || routes.Find(name) is not { } asked)
        {
            if (name is null && routes.All.Count > 0) return (null, NoneChosen());
            var own = await workers.FindAsync(name, context.RequestAborted);
            if (own is null) return (null, name is null ? NoModel() : NotServed(name));

            var (said, refused) = await workers.AskAsync(context, own, instructions, prompt, contract, limit);
            return said is null ? (null, refused) : await ReadAsync(said, contract, context.RequestAborted);
        }

        var (request, unforeseen) = ProviderRequestParser.Parse(
            ChatTask.Endpoint, AnswerRequest.Write(asked.Name, instructions, prompt, contract));
        if (request is null) return (null, unforeseen);

        var end = await providers.AskAsync(
            context, new RoutedRequest(request, routes.CandidatesFor(asked), contract), limit);
        return end.Answer is { } answer
            ? await ReadAsync(ChoiceContent.Of(answer)[0].Text, contract, context.RequestAborted) : (null, end.Error);
    }

    /// <summary>
    /// The answer has passed the check of the call within its budget, so reading it again does not exceed the same budget.
    /// </summary>
    private async ValueTask<(T? Answer, InferenceError? Error)> ReadAsync<T>(
        string? text, AnswerContract<T> contract, CancellationToken cancellationToken)
        where T : class
    {
        T? read = null;
        IReadOnlyList<SchemaViolation> violations = [];
        if (text is not null)
        {
            (read, violations) = await work.RunAsync(
                budget => contract.TryRead(text, budget, out var fitting, out var found)
                    ? (fitting, found)
                    : ((T?)null, found), cancellationToken);
        }

        return read is not null
            ? (read, null)
            : (null, new InferenceError
            {
                Kind = InferenceErrorKind.AnswerInvalid,
                Message = violations.Count == 0
                    ? "The model refused to answer."
                    : $"The model's answer does not fit: {Refusals.Quoted(string.Join("; ", violations), MaxRawAnswerLength)}.",
            });
    }

    private static InferenceError NoModel() => new()
    {
        Kind = InferenceErrorKind.ModelNotFound,
        Message = $"No model is configured for this route, and no worker serves a language model: set "
            + $"{AnswersOptions.SectionName}:{nameof(AnswersOptions.Model)} to one of the section Models.",
    };

    /// <summary>A worker's model is not asked by chance where models of providers are configured.</summary>
    private static InferenceError NoneChosen() => new()
    {
        Kind = InferenceErrorKind.ModelNotFound,
        Message = $"No model is configured for this route: {AnswersOptions.SectionName}:{nameof(AnswersOptions.Model)} is not set, and "
            + "where models of providers are configured none is asked without it. Set it to one of the section Models, or to a language "
            + "model of the workers.",
    };

    private static InferenceError NotServed(string name) => new()
    {
        Kind = InferenceErrorKind.ModelNotFound,
        Message = $"The model '{Refusals.Quoted(name)}', which this route asks, is not one of the section Models, and no worker serves "
            + $"it as a language model: add it there, or set {AnswersOptions.SectionName}:{nameof(AnswersOptions.Model)} to another.",
    };
}
