using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Queues;

/// <summary><c>/v1/queues</c>, for operators.</summary>
internal static class QueuesEndpoints
{
    public const string Path = "/v1/queues";

    private const string QueueDescription = "The queue's name, as the list has it.";

    private static readonly OpenApiSchema QueueSchema = new() { Type = JsonSchemaType.String, Pattern = "^(?:[a-z0-9-]|_[0-9a-f]{2})+$" };

    public static void MapQueues(this IEndpointRouteBuilder routes)
    {
        var queues = routes.MapGroup(Path).WithTags("Queues").WithMetadata(OperatorOnly.Mark, Dialect.Native);
        var one = queues.MapGroup("{queue}").WithMetadata(Problem.Described(StatusCodes.Status404NotFound));
        queues.MapGet("", ListAsync).WithName("listQueues")
            .WithSummary("Lists the queues with their waiting and running jobs and their workers");
        one.MapPost("pause", PauseAsync).WithName("pauseQueue").WithSummary(
            "Pauses a queue: its workers get no more jobs, and new jobs are still accepted")
            .WithPath("queue", QueueDescription, QueueSchema);
        one.MapPost("resume", ResumeAsync).WithName("resumeQueue").WithSummary("Resumes a paused queue")
            .WithPath("queue", QueueDescription, QueueSchema);
        one.MapPost("requeue-dead", RequeueDeadAsync).WithName("requeueDeadLetters").WithSummary(
            "Requeues all dead letters of a queue")
            .WithPath("queue", QueueDescription, QueueSchema);
    }

    private static async Task<Results<Ok<QueueList>, Problem>> ListAsync(
        ModelCatalog catalog, IQueueOperations operations, CancellationToken cancellationToken)
    {
        var models = await catalog.ReadAsync(cancellationToken);
        var states = await Task.WhenAll(models.Queues.Select(queue => operations.ReadAsync(queue, cancellationToken)));
        return TypedResults.Ok(new QueueList
        {
            Object = "list",
            Data = [.. states.Select(state => Resource(state, models))],
            Load = WorkerLoad.Of([.. states.Where(state => models.Find(state.Queue.Model) is not null)]),
        });
    }

    private static Task<Results<Ok<QueueResource>, Problem>> PauseAsync(
        string queue, ModelCatalog catalog, IQueueOperations operations, CancellationToken cancellationToken) =>
        ChangeAsync(queue, operations.PauseAsync, catalog, operations, cancellationToken);

    private static Task<Results<Ok<QueueResource>, Problem>> ResumeAsync(
        string queue, ModelCatalog catalog, IQueueOperations operations, CancellationToken cancellationToken) =>
        ChangeAsync(queue, operations.ResumeAsync, catalog, operations, cancellationToken);

    private static async Task<Results<Ok<QueueRequeued>, Problem>> RequeueDeadAsync(
        string queue, ModelCatalog catalog, IQueueOperations operations, CancellationToken cancellationToken)
    {
        var (name, models) = await FindAsync(queue, catalog, cancellationToken);
        if (name is not { } known) return new Problem(Refusals.QueueNotFound(queue, models.Queues));

        var requeued = await operations.RequeueDeadAsync(known, cancellationToken);
        return TypedResults.Ok(new QueueRequeued { Queue = known.Name, Requeued = requeued });
    }

    private static async Task<Results<Ok<QueueResource>, Problem>> ChangeAsync(
        string queue,
        Func<QueueName, CancellationToken, Task> change,
        ModelCatalog catalog,
        IQueueOperations operations,
        CancellationToken cancellationToken)
    {
        var (name, models) = await FindAsync(queue, catalog, cancellationToken);
        if (name is not { } known) return new Problem(Refusals.QueueNotFound(queue, models.Queues));

        await change(known, cancellationToken);
        return TypedResults.Ok(Resource(await operations.ReadAsync(known, cancellationToken), models));
    }

    /// <summary>
    /// The queue, if it belongs to a known model. Other queues cannot be paused, because a mistyped name would seem to have worked.
    /// </summary>
    private static async ValueTask<(QueueName? Queue, KnownModels Models)> FindAsync(
        string name, ModelCatalog catalog, CancellationToken cancellationToken)
    {
        if (!QueueName.TryParse(name, out var queue)) return (null, await catalog.ReadAsync(cancellationToken));

        var models = await catalog.ReadForAsync(queue.Model, cancellationToken);
        return (models.QueueOf(queue.Model), models);
    }

    private static QueueResource Resource(QueueState state, KnownModels models) =>
        QueueResource.Of(state, models.WorkersOf(state.Queue.Model));
}
