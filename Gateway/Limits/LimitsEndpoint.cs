using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Problems;
using AiPlatform.Jobs.Limits;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AiPlatform.Gateway.Limits;

/// <summary><c>GET /v1/limits</c>.</summary>
internal static class LimitsEndpoint
{
    public const string Path = "/v1/limits";

    public static void MapLimits(this IEndpointRouteBuilder routes) => routes
        .MapGet(Path, GetAsync)
        .WithMetadata(Dialect.Native)
        .WithName("getLimits").WithTags("Usage").WithSummary("Lists the caller's limits, and what is left of them")
        .WithDescription(
            "The limits of the caller's tenant, and those that its key has besides. Without limits the list is empty. Reading them counts "
            + "nothing.")
        .WithProblems(401, 403);

    private static async Task<Results<Ok<LimitList>, Problem>> GetAsync(HttpContext context, ILimitStore store)
    {
        var limits = context.Caller.Limits is { } caller ? (await store.ReadAsync(caller, context.RequestAborted)).Limits : [];
        return TypedResults.Ok(new LimitList { Object = "list", Data = [.. limits.Select(LimitItem.Of)] });
    }
}

/// <summary>The limits of a caller.</summary>
internal sealed record LimitList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    public required IReadOnlyList<LimitItem> Data { get; init; }
}

/// <summary>A limit, and what is left of it.</summary>
internal sealed record LimitItem
{
    /// <summary>
    /// <c>rpm</c>, <c>tokens</c>, <c>concurrency</c>, <c>tokens-per-day</c> or <c>tokens-per-month</c>; a limit of the key begins with
    /// <c>key-</c>.
    /// </summary>
    public required string Name { get; init; }

    /// <summary><c>requests</c>, <c>tokens</c> or <c>concurrent-requests</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>The most that is admitted.</summary>
    public required long Limit { get; init; }

    /// <summary>What is left of it.</summary>
    public required long Remaining { get; init; }

    /// <summary>Seconds in which it holds; null for calls at a time, and for a calendar month.</summary>
    public required long? WindowSeconds { get; init; }

    /// <summary>Seconds until all of it is left, if nothing is taken in the meantime; null for calls at a time.</summary>
    public required long? ResetSeconds { get; init; }

    public static LimitItem Of(LimitState limit) => new()
    {
        Name = LimitHeaders.NameOf(limit),
        Unit = LimitHeaders.UnitOf(limit.Kind),
        Limit = limit.Limit,
        Remaining = limit.Left,
        WindowSeconds = (long?)LimitHeaders.WindowOf(limit.Kind)?.TotalSeconds,
        ResetSeconds = limit.Kind == LimitKind.Concurrency ? null : (long)Math.Ceiling(limit.All.TotalSeconds),
    };
}
