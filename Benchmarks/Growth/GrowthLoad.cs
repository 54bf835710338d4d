using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Benchmarks.Growth;

/// <summary>What a Redis holds besides the job that is measured.</summary>
/// <param name="Name">What there is, for people; empty for an empty Redis.</param>
/// <param name="Jobs">How many jobs wait.</param>
/// <param name="Tenants">Over how many tenants these are spread.</param>
/// <param name="Models">Over how many queues these are spread.</param>
/// <param name="Lane">The lane in which these wait.</param>
/// <param name="Workers">How many workers have a heartbeat, which names each of the models.</param>
internal sealed record GrowthLoad(string Name, int Jobs, int Tenants, int Models, Lane Lane, int Workers)
{
    /// <summary>The tenant that has most jobs where they are spread over no others; also of the list that is measured.</summary>
    public const string Bulk = "bulk";

    /// <summary>With this every other load is compared.</summary>
    public static GrowthLoad Empty { get; } = new("an empty queue, one model and one worker", 0, 1, 1, Lane.Batch, 1);

    public static IReadOnlyList<GrowthLoad> All { get; } =
    [
        Empty,
        new("100,000 waiting jobs of another tenant", 100_000, 1, 1, Lane.Batch, 1),
        new("1,000,000 waiting jobs of another tenant", 1_000_000, 1, 1, Lane.Batch, 1),
        new("10,000 other tenants with a waiting job each, in the same lane", 10_000, 10_000, 1, Lane.Interactive, 1),
        new("200 other models with 100 waiting jobs each", 20_000, 1, 200, Lane.Batch, 1),
        new("1,000 workers that serve 20 models each", 0, 1, 20, Lane.Batch, 1_000),
    ];

    /// <summary>The tenant of a waiting job.</summary>
    public string TenantOf(int job) => Tenants == 1 ? Bulk : $"tenant-{job % Tenants}";

    /// <summary>The queue of a waiting job: with one model that of the measured job, else another one.</summary>
    public QueueName QueueOf(int job) => Models == 1 ? Queue.NoopModel.Queue : QueueName.ForModel(ModelOf(job % Models).Name);

    /// <summary>A model besides that of the measured job.</summary>
    public static ModelDescriptor ModelOf(int number) => Queue.NoopModel.Descriptor with { Name = $"noop-{number}" };
}
