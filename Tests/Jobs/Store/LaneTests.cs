using AiPlatform.Jobs;
using AiPlatform.Tests.Fixtures;
using FsCheck.Fluent;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

public sealed class LaneTests(RedisServer redis) : IClassFixture<RedisServer>
{
    [Fact]
    public async Task LeaseAsync_JobsInEveryLane_InteractiveThenDefaultThenBatch()
    {
        await using var sut = CreateSut();
        foreach (var lane in new[] { Lane.Batch, Lane.Default, Lane.Interactive, Lane.Batch, Lane.Interactive })
            await sut.SubmitAsync(sut.Submission(lane.Name) with { Lane = lane });

        var leased = await sut.LeaseAsync(5);

        Assert.Equal(["interactive", "interactive", "default", "batch", "batch"], leased.Select(Body));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(100)]
    public async Task LeaseAsync_HigherLanesNeverEmpty_LowerOnesGetATenthEach(int most)
    {
        await using var sut = CreateSut();
        foreach (var lane in Enum.GetValues<Lane>())
            await sut.SubmitAsync(Enumerable.Range(0, 100).Select(_ => sut.Submission(lane.Name) with { Lane = lane }));

        List<string> leased = [];
        while (leased.Count < 100) leased.AddRange((await sut.LeaseAsync(Math.Min(most, 100 - leased.Count))).Select(Body));

        Assert.Equal(10, leased.Count(lane => lane == "batch"));
        Assert.InRange(leased.Count(lane => lane == "default"), 10, 12);
    }

    /// <summary>A lower lane with waiting jobs gets at least every tenth job, however many jobs workers lease at a time.</summary>
    [Fact]
    public Task LeaseAsync_AnySubmitsAndLeases_NoLaneIsPassedOverTenTimes()
    {
        var lane = Gen.Frequency((4, Gen.Constant(Lane.Interactive)), (3, Gen.Constant(Lane.Default)), (2, Gen.Constant(Lane.Batch)));
        var submits = lane.SelectMany(to => Gen.Choose(1, 15), (to, count) => new Step(to, count));
        var leases = Gen.Choose(1, 13).Select(count => new Step(null, count));
        return Property.HoldsAsync(Gen.Frequency((3, submits), (4, leases)), 40, 40, CheckStarvationAsync);
    }

    private sealed record Step(Lane? Submit, int Count);

    private async Task CheckStarvationAsync(Step[] steps)
    {
        await using var sut = CreateSut();
        var waiting = Enum.GetValues<Lane>().ToDictionary(lane => lane, _ => 0);
        var passedOver = Enum.GetValues<Lane>().ToDictionary(lane => lane, _ => 0);
        foreach (var (lane, count) in steps.Append(new Step(null, 256)))
        {
            if (lane is { } to)
            {
                await sut.SubmitAsync(Enumerable.Range(0, count).Select(i =>
                    sut.Submission(to.Name) with { Lane = to, Tenant = $"t-{i % 3}", Cost = 1 + (i % 5) }));
                waiting[to] += count;
                continue;
            }

            var leased = await sut.LeaseAsync(count, worker: $"worker-{count}");
            Assert.Equal(Math.Min(count, waiting.Values.Sum()), leased.Count);
            foreach (var body in leased.Select(Body))
            {
                Assert.True(LaneNames.TryParse(body, out var served));
                waiting[served]--;
                foreach (var other in waiting.Keys.ToList())
                {
                    passedOver[other] = other == served || waiting[other] == 0 ? 0 : passedOver[other] + 1;
                    if (other != Lane.Interactive) Assert.InRange(passedOver[other], 0, 9);
                }
            }
        }
    }

    [Fact]
    public async Task ReadAsync_JobsBeforeIt_PlaceIsAboutTheirNumber()
    {
        await using var sut = CreateSut();
        await sut.SubmitAsync(Enumerable.Range(0, 4).Select(_ => sut.Submission() with { Lane = Lane.Interactive }));
        await sut.SubmitAsync(Enumerable.Range(0, 10).Select(_ => sut.Submission() with { Tenant = "many" }));
        var mine = await sut.SubmitAsync(Enumerable.Range(0, 3).Select(_ => sut.Submission() with { Tenant = "few" }));
        await sut.SubmitAsync(sut.Submission() with { Lane = Lane.Batch });

        var places = new List<long?>();
        foreach (var job in mine) places.Add((await sut.ReadAsync(job)).Position);

        // The jobs of the interactive lane, the tenant's own jobs before it, and as many of the other tenant.
        Assert.Equal([4, 6, 8], places);
    }

    private static string Body(LeasedJob job) => System.Text.Encoding.UTF8.GetString(job.Body.Span);

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
