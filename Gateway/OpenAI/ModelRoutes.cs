using AiPlatform.Gateway.Admission;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.Gateway.OpenAI;

/// <summary>What all routes that ask a model have in common.</summary>
internal static class ModelRoutes
{
    /// <summary>Maps an endpoint whose calls <see cref="ModelCalls"/> takes.</summary>
    /// <typeparam name="TRequest">Its body.</typeparam>
    /// <typeparam name="TAnswer">What it answers with 200.</typeparam>
    /// <param name="routes">Where to map it.</param>
    /// <param name="task">What it asks of a model.</param>
    public static RouteHandlerBuilder MapModelCalls<TRequest, TAnswer>(this IEndpointRouteBuilder routes, ModelTask task)
        where TRequest : notnull => routes
        .MapPost(task.Endpoint, (HttpContext context, ModelCalls calls) => calls.AnswerAsync(context, task))
        .Accepts<TRequest>("application/json")
        .WithHeader(Preferences.Header, "'respond-async' asks for 202 and a job instead of the answer.", Preferences.Schema)
        .WithHeader(RequestTimeout.Header, "The longest wait in seconds, decimals allowed; then 504.", RequestTimeout.Schema)
        .WithHeader(IdempotencyHeader.Name, IdempotencyHeader.Description, IdempotencyHeader.Schema)
        .WithAnswers<TAnswer>()
        .WithTags("OpenAI");
}
