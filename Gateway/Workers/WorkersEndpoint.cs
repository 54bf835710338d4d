using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AiPlatform.Gateway.Workers;

/// <summary><c>GET /v1/workers</c>, for operators.</summary>
internal static class WorkersEndpoint
{
    public static void MapWorkers(this IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/workers", ListAsync)
        .WithMetadata(OperatorOnly.Mark, Dialect.Native)
        .WithName("listWorkers").WithTags("System").WithSummary(
            "Lists the living workers: where they run, what they serve, how busy they are")
        .WithDescription(
            "As their last heartbeats say. A worker that sends none for Jobs:HeartbeatTtl is not listed. 'failures' are the model folders "
            + "that it could not load, and why.")
        .WithAnswerExample(
            """
            {"object":"list","data":[{"name":"host-1-4711-1f0c","host":"host-1","process_id":4711,"device":"cpu",
            "started_at":"2026-01-31T12:00:00.000Z","last_heartbeat":"2026-01-31T12:34:56.789Z","running":3,"capacity":272,
            "models":[{"model":"all-minilm-l6-v2","device":"cpu","running":3,"capacity":256},
            {"model":"smollm2-135m-instruct","device":"cpu","running":0,"capacity":16}],
            "failures":[{"folder":"broken","reason":"model.json: the file is missing."}]}]}
            """);

    private static async Task<Results<Ok<WorkerList>, Problem>> ListAsync(ModelCatalog catalog, CancellationToken cancellationToken) =>
        TypedResults.Ok(WorkerList.Of((await catalog.ReadAnewAsync(cancellationToken)).Heartbeats));
}
