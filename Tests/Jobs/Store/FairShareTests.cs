using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>Tenants of a lane share it by start-time fair queueing.</summary>
public sealed class FairShareTests(RedisServer redis) : IClassFixture<RedisServer>
{
    [Fact]
    public async Task LeaseAsync_OneTenantFloods_TheOtherGetsHalf()
    {
        await using var sut = CreateSut();
        await SubmitAsync(sut, "flood", 50);
        await SubmitAsync(sut, "other", 5);

        var leased = await LeaseAsync(sut, 10);

        Assert.Equal(5, leased.Count(tenant => tenant == "other"));
    }

    [Fact]
    public async Task LeaseAsync_JobsOfUnlikeCost_SharesAreOfCost()
    {
        await using var sut = CreateSut();
        await SubmitAsync(sut, "large", 20, cost: 90);
        await SubmitAsync(sut, "small", 200, cost: 10);

        List<string> leased = [];
        while (leased.Count < 100) leased.AddRange(await LeaseAsync(sut, 10));

        Assert.InRange(leased.Count(tenant => tenant == "large"), 9, 11);
    }

    [Fact]
    public async Task LeaseAsync_TenantComesLate_DoesNotCatchUp()
    {
        await using var sut = CreateSut();
        await SubmitAsync(sut, "early", 60);
        await LeaseAsync(sut, 40);
        await SubmitAsync(sut, "late", 20);

        var leased = await LeaseAsync(sut, 10);

        Assert.Equal(5, leased.Count(tenant => tenant == "late"));
    }

    [Fact]
    public async Task LeaseAsync_TenantLeavesAndComesBack_IsNotServedAsIfNew()
    {
        await using var sut = CreateSut();
        await SubmitAsync(sut, "steady", 60);
        await SubmitAsync(sut, "returns", 1, cost: 20);
        await LeaseAsync(sut, 2);
        await SubmitAsync(sut, "returns", 10);

        var leased = await LeaseAsync(sut, 20);

        // The tenant's earlier service counts, so the other tenant gets 19 more jobs first.
        Assert.InRange(leased.Count(tenant => tenant == "returns"), 0, 2);
    }

    [Fact]
    public async Task LeaseAsync_OnlyJobIsCanceled_TenantIsNotChargedForIt()
    {
        await using var sut = CreateSut();
        await SubmitAsync(sut, "a", 10);
        var canceled = sut.Submission() with { Tenant = "b", Cost = 1_000 };
        await sut.SubmitAsync(canceled);
        await sut.Store.CancelAsync(canceled.Id, "b", TestContext.Current.CancellationToken);
        await SubmitAsync(sut, "b", 10);

        Assert.Equal(5, (await LeaseAsync(sut, 10)).Count(tenant => tenant == "b"));
    }

    /// <summary>
    /// While two tenants both have waiting jobs, their served costs never differ by more than the largest cost of each, whatever happened
    /// before and whatever the batches are. Each tenant's jobs are served in order.
    /// </summary>
    [Fact]
    public Task LeaseAsync_AnyTenantsCostsAndBatches_SharesDifferByTheLargestCostsAtMost()
    {
        var submits = Gen.Choose(0, 3).SelectMany(_ => Gen.Choose(1, 8), (tenant, count) => (tenant, count))
            .SelectMany(_ => Gen.OneOf(Gen.Choose(1, 5), Gen.Choose(1, 1_000)), (some, cost) => new Step(some.tenant, some.count, cost));
        var leases = Gen.Choose(1, 12).Select(count => new Step(null, count, 0));
        return Property.HoldsAsync(Gen.Frequency((3, submits), (4, leases)), 40, 40, CheckSharesAsync);
    }

    private sealed record Step(int? Tenant, int Count, int Cost);

    private async Task CheckSharesAsync(Step[] steps)
    {
        await using var sut = CreateSut();
        var lines = Enumerable.Range(0, 4).Select(_ => new Queue<(JobId Id, int Cost)>()).ToArray();
        var largest = Enumerable.Range(0, 4)
            .Select(tenant => steps.Where(step => step.Tenant == tenant).Max(step => (int?)step.Cost) ?? 0).ToArray();
        var differences = new Dictionary<(int, int), (int Now, int Lowest, int Highest)>();
        foreach (var (tenant, count, cost) in steps.Append(new Step(null, 256, 0)))
        {
            if (tenant is { } of)
            {
                var jobs = Enumerable.Range(0, count).Select(
                    _ => sut.Submission($"{of}") with { Tenant = $"t-{of}", Cost = cost }).ToList();
                await sut.SubmitAsync(jobs);
                jobs.ForEach(job => lines[of].Enqueue((job.Id, cost)));
                continue;
            }

            foreach (var job in await sut.LeaseAsync(count))
            {
                var served = int.Parse(job.Body.Span);
                var backlogged = Enumerable.Range(0, 4).Where(one => lines[one].Count > 0).ToList();
                var (id, paid) = lines[served].Dequeue();
                Assert.Equal(id, job.Id);
                foreach (var pair in Pairs())
                {
                    if (!backlogged.Contains(pair.Item1) || !backlogged.Contains(pair.Item2))
                    {
                        differences.Remove(pair);
                        continue;
                    }

                    var (now, lowest, highest) = differences.GetValueOrDefault(pair);
                    now += pair.Item1 == served ? paid : pair.Item2 == served ? -paid : 0;
                    (lowest, highest) = (Math.Min(lowest, now), Math.Max(highest, now));
                    Assert.InRange(highest - lowest, 0, largest[pair.Item1] + largest[pair.Item2]);
                    differences[pair] = (now, lowest, highest);
                }
            }
        }

        Assert.All(lines, Assert.Empty);
    }

    private static IEnumerable<(int, int)> Pairs() =>
        from one in Enumerable.Range(0, 4) from other in Enumerable.Range(one + 1, 3 - one) select (one, other);

    private static Task<IReadOnlyList<JobId>> SubmitAsync(StoreSut sut, string tenant, int count, int cost = 1) =>
        sut.SubmitAsync(Enumerable.Range(0, count).Select(_ => sut.Submission(tenant) with { Tenant = tenant, Cost = cost }));

    private static async Task<List<string>> LeaseAsync(StoreSut sut, int most) =>
        [.. (await sut.LeaseAsync(most)).Select(job => System.Text.Encoding.UTF8.GetString(job.Body.Span))];

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
