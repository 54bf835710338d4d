using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Description;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Problems;
using AiPlatform.Jobs.Usage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Usage;

/// <summary><c>GET /v1/usage</c>.</summary>
internal static class UsageEndpoint
{
    /// <summary>Adds the prices. Wrong ones stop the start.</summary>
    public static void AddPrices(this IServiceCollection services) => services
        .AddOptionsWithValidateOnStart<PricesOptions, PricesOptionsValidator>().BindConfiguration(PricesOptions.SectionName);

    public const string Path = "/v1/usage";

    public static void MapUsage(this IEndpointRouteBuilder routes) => routes
        .MapGet(Path, GetAsync)
        .WithMetadata(Dialect.Native)
        .WithName("getUsage").WithTags("Usage").WithSummary("Lists the usage by day, tenant and model")
        .WithDescription("A tenant sees its own usage, and an operator that of all tenants. The usage of the last second may be missing.")
        .WithQuery(UsageQuery.FromName, "The first day (UTC), such as 2026-01-01; 30 days before the last day when absent.",
            UsageQuery.DateSchema)
        .WithQuery(UsageQuery.ToName,
            "The last day (UTC), included; today when absent. It must not be before 'from', and the range has at most 366 days.",
            UsageQuery.DateSchema)
        .WithProblems(400);

    private static async Task<Results<Ok<UsageList>, Problem>> GetAsync(
        HttpContext context, ApiKeys keys, IUsageStore store, IOptions<PricesOptions> prices, TimeProvider time)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        if (!UsageQuery.TryParse(context.Request.Query, today, out var query, out var invalid)) return new Problem(invalid);

        var caller = context.Caller;
        IReadOnlyList<string> tenants = caller.IsOperator ? keys.KnownTenants : [caller.Tenant];
        var lists = await Task.WhenAll(tenants.Select(tenant => store.ReadAsync(query.From, query.To, tenant, context.RequestAborted)));
        var rows = lists.SelectMany(rows => rows).OrderBy(row => row.Date).ThenBy(row => row.Tenant, StringComparer.Ordinal);
        return TypedResults.Ok(new UsageList
        {
            Object = "list",
            Currency = prices.Value.Currency,
            Data = [.. rows.Select(row => UsageItem.Of(row, prices.Value))],
        });
    }
}
