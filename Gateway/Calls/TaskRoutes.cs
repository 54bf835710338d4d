using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.Tasks;

namespace AiPlatform.Gateway.Calls;

/// <summary>Maps the routes of models, one for each task.</summary>
internal static class TaskRoutes
{
    public static void MapTasks(this IEndpointRouteBuilder routes)
    {
        foreach (var task in GatewayTasks.All) task.Describe(Map(routes, task));
    }

    private static RouteHandlerBuilder Map(IEndpointRouteBuilder routes, IGatewayTask task) => routes
        .MapPost(task.Task.Endpoint, (HttpContext context, ModelCalls calls) => calls.AnswerAsync(context, task))
        .WithMetadata(task.Dialect)
        .WithHeader(Preferences.Header, "'respond-async' asks for 202 and a job instead of the answer.", Preferences.Schema)
        .WithHeader(RequestTimeout.Header, "The longest wait in seconds, decimals allowed; then 504.", RequestTimeout.Schema)
        .WithHeader(IdempotencyHeader.Name, IdempotencyHeader.Description, IdempotencyHeader.Schema)
        .Produces<JobResource>(StatusCodes.Status202Accepted, "application/json")
        .WithCallErrors(task.Dialect);
}
