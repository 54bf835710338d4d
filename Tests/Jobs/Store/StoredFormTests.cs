using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>The scripts store the form that <see cref="RedisKeys"/> documents, because other versions read it.</summary>
public sealed class StoredFormTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RecordAndState_FromSubmitToResult_AreAsDocumented()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:RetryDelay", "00:00:00"));
        var submission = sut.Submission("{\"input\":\n\"ü\"}") with
        {
            Tenant = "team-a",
            Lane = Lane.Interactive,
            Cost = 12,
            Metadata = """{"k":"ü\t\n"}""",
            Traceparent = "00-1-2-01",
            Watcher = "gateway-1",
        };

        var id = await sut.SubmitAsync(submission);
        var created = (await sut.ReadAsync(id)).CreatedAt.ToUnixTimeMilliseconds();
        var caller = $"1\t{created}\t{created + 300_000}\ti\t12\tteam-a\t/v1/embeddings\tm={submission.Metadata}\tt=00-1-2-01";
        Assert.Equal(caller + "\tw=gateway-1\n{\"input\":\n\"ü\"}", await RecordAsync(sut, id));
        Assert.Equal("", await StateAsync(sut, id));

        var first = await sut.LeaseOneAsync();
        await sut.Store.AppendAsync(first, [new JobEvent(0, JobEvent.Output, "1"), new JobEvent(0, JobEvent.Progress, """{"done":1}""")], Ct);
        Assert.Equal($"r 1 0 0 2 team-a {StoreSut.Worker} q0 r{await ElapsedAsync(sut, id, 1)}", await StateAsync(sut, id));

        await sut.Store.ReleaseAsync(first, StoreSut.Failed, Ct);
        var history = $"q0 r{await ElapsedAsync(sut, id, 1)} q{await ElapsedAsync(sut, id, 2)}+2";
        Assert.Equal($"q 1 1 0 2 team-a - {history}", await StateAsync(sut, id));

        await sut.LoseAsync(await sut.LeaseOneAsync());
        history += $" r{await ElapsedAsync(sut, id, 3)}+2 q{await ElapsedAsync(sut, id, 4)}+2";
        Assert.Equal($"q 2 1 1 2 team-a - {history}", await StateAsync(sut, id));

        await sut.CommitAsync(await sut.LeaseOneAsync());
        history += $" r{await ElapsedAsync(sut, id, 5)}+2 s{await ElapsedAsync(sut, id, 6)}+2";
        Assert.Equal(
            $"{caller}\ts=succeeded\ta=3\th={history}\tu={StoreSut.Success.Usage}\to=application/json\tp={{\"done\":1}}\n{{\"ok\":1}}",
            await RecordAsync(sut, id));
        Assert.Equal("", await StateAsync(sut, id));
    }

    [Fact]
    public async Task Record_FailedAndRequeued_IsAsDocumented()
    {
        await using var sut = StoreSut.On(redis, ("Jobs:MaxFailures", "1"));
        var id = await sut.KillAsync(sut.Submission("body") with { Traceparent = "00-1-2-01", Watcher = "gateway-1" });
        var created = (await sut.ReadAsync(id)).CreatedAt.ToUnixTimeMilliseconds();
        var history = $"q0 r{await ElapsedAsync(sut, id, 1)} f{await ElapsedAsync(sut, id, 2)}";
        const string Rest = "d\t1\tanonymous\t/v1/embeddings\tt=00-1-2-01";
        Assert.Equal(
            $"1\t{created}\t{created + 300_000}\t{Rest}\ts=failed\ta=1\th={history}\te={StoreSut.Failed.ToJson()}\nbody",
            await RecordAsync(sut, id));

        await sut.Store.RequeueAsync(id, Tenants.Anonymous, Ct);

        var waited = await ElapsedAsync(sut, id, 3);
        Assert.Equal($"1\t{created}\t{created + waited + 300_000}\t{Rest}\nbody", await RecordAsync(sut, id));
        Assert.Equal($"q 1 0 0 0 anonymous - {history} q{waited}", await StateAsync(sut, id));
    }

    private static async Task<string> RecordAsync(StoreSut sut, JobId id) => (await sut.Database.StringGetAsync(sut.Key($"job:{id.Key}")))!;

    /// <summary>The state with one blank where there are many.</summary>
    private static async Task<string> StateAsync(StoreSut sut, JobId id) =>
        System.Text.RegularExpressions.Regex.Replace((string?)await sut.Database.HashGetAsync(sut.Key("state"), id.Key) ?? "", " +", " ");

    /// <summary>Milliseconds from the submit to a change.</summary>
    private static async Task<long> ElapsedAsync(StoreSut sut, JobId id, int change)
    {
        var job = await sut.ReadAsync(id);
        return (long)(job.History.Changes[change].At - job.CreatedAt).TotalMilliseconds;
    }
}
