using AiPlatform.Jobs.Usage;

namespace AiPlatform.Gateway.Usage;

/// <summary>The usage by day, tenant and model; the oldest day first.</summary>
internal sealed record UsageList
{
    /// <summary>Always <c>list</c>.</summary>
    public required string Object { get; init; }

    /// <summary>The currency of the costs.</summary>
    public required string Currency { get; init; }

    public required IReadOnlyList<UsageItem> Data { get; init; }
}

/// <summary>The usage of a model by a tenant on a day.</summary>
internal sealed record UsageItem
{
    /// <summary>The day, in UTC.</summary>
    public required DateOnly Date { get; init; }

    public required string Tenant { get; init; }

    /// <summary>The model that was asked for.</summary>
    public required string Model { get; init; }

    /// <summary>Calls that ended.</summary>
    public required long Requests { get; init; }

    /// <summary>Calls among them that failed.</summary>
    public required long Failed { get; init; }

    public required long InputTokens { get; init; }

    public required long OutputTokens { get; init; }

    /// <summary>
    /// Tokens among both that were estimated, for calls whose client disconnected and for streams that broke before their usage came.
    /// </summary>
    public required long EstimatedTokens { get; init; }

    /// <summary>What the tokens cost at the price that the model has now; null when it has none.</summary>
    public required decimal? Cost { get; init; }

    public static UsageItem Of(UsageRow row, PricesOptions prices) => new()
    {
        Date = row.Date,
        Tenant = row.Tenant,
        Model = row.Model,
        Requests = row.Count.Requests,
        Failed = row.Count.Failed,
        InputTokens = row.Count.InputTokens,
        OutputTokens = row.Count.OutputTokens,
        EstimatedTokens = row.Count.EstimatedTokens,
        Cost = prices.CostOf(row.Model, row.Count.InputTokens, row.Count.OutputTokens),
    };
}
