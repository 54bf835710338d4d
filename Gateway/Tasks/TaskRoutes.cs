using AiPlatform.Gateway.Admission;

namespace AiPlatform.Gateway.Tasks;

/// <summary>What all routes that ask a model have in common.</summary>
internal static class TaskRoutes
{
    /// <summary>Maps the route of a task, whose calls <see cref="ModelCalls"/> takes.</summary>
    /// <typeparam name="TRequest">Its body.</typeparam>
    /// <typeparam name="TAnswer">What it answers with 200.</typeparam>
    /// <param name="routes">Where to map it.</param>
    /// <param name="task">What it asks of a model.</param>
    public static RouteHandlerBuilder MapTask<TRequest, TAnswer>(this IEndpointRouteBuilder routes, IGatewayTask task)
        where TRequest : notnull => routes
        .MapPost(task.Task.Endpoint, (HttpContext context, ModelCalls calls) => calls.AnswerAsync(context, task))
        .WithMetadata(task.Dialect)
        .Accepts<TRequest>("application/json")
        .WithHeader(Preferences.Header, "'respond-async' asks for 202 and a job instead of the answer.", Preferences.Schema)
        .WithHeader(RequestTimeout.Header, "The longest wait in seconds, decimals allowed; then 504.", RequestTimeout.Schema)
        .WithHeader(IdempotencyHeader.Name, IdempotencyHeader.Description, IdempotencyHeader.Schema)
        .WithAnswers<TAnswer>(task.Dialect);
}
