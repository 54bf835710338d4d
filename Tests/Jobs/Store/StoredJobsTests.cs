using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>
/// Jobs of earlier versions are read, run, ended and listed. Tests/Reference/jobs has a file of stored jobs for each form of the records.
/// Files never change; a new form adds one (<see cref="Write_WhatThisVersionStores"/>).
/// </summary>
public sealed class StoredJobsTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Model = "stored";
    private const string OtherTenant = "team-b";

    /// <summary>The jobs of the file expire in 2100, so that they exist when the test runs.</summary>
    private static readonly TimeSpan Deadline = new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero) - TimeProvider.System.GetUtcNow();

    private static readonly QueueName Queue = QueueName.ForModel(Model);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder, "*.jsonl").Select(file => Path.GetFileName(file))];

    private static string Folder => Path.Combine(Checkout.Root, "Tests", "Reference", "jobs");

    [Theory]
    [MemberData(nameof(Files))]
    public async Task ListAndRead_StoredJobs_AreWhatTheyWere(string file)
    {
        await using var sut = await LoadAsync(file);

        var jobs = (await sut.Store.ListAsync(Queue, Tenants.Anonymous, null, null, 100, Ct)).Reverse().ToList();
        Assert.Equal(
            [
                JobStatus.Succeeded, JobStatus.Succeeded, JobStatus.Failed, JobStatus.Canceled, JobStatus.Expired, JobStatus.Queued,
                JobStatus.Running,
                JobStatus.Running, JobStatus.Queued,
            ],
            jobs.Select(job => job.Status));
        var json = await sut.ReadAsync(jobs[0].Id);
        Assert.Equal(("""{"ok":1}""", """{"prompt_tokens":3,"total_tokens":3}"""), (Encoding.UTF8.GetString(json.Output!.Content.Span), json.Usage));
        var vectors = await sut.ReadAsync(jobs[1].Id);
        Assert.Equal([1, -0.5f], EmbeddingOutput.Parse(vectors.Output!.Content).Row(0).ToArray());
        Assert.Equal(
            (InferenceErrorKind.ModelFailed, 1),
            ((await sut.ReadAsync(jobs[2].Id)).Error!.Kind, (await sut.ReadAsync(jobs[2].Id)).Attempts));
        var said = await sut.Store.ReadLogAsync(jobs[6].Id, 0, null, Ct);
        Assert.Equal([JobEvent.Output, JobEvent.Progress], said!.Events.Select(one => one.Kind));
        Assert.Equal(("""{"done":1}""", """{"k":"ü"}"""), (said.Job.Progress ?? (await sut.ReadAsync(jobs[6].Id)).Progress, jobs[6].Metadata));
        Assert.Single(await sut.Store.ListAsync(Queue, OtherTenant, null, null, 100, Ct));
        Assert.Equal(1, (await sut.Operations.ReadAsync(Queue, Ct)).Dead);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task LeaseAndCommit_StoredJobs_AllEnd(string file)
    {
        await using var sut = await LoadAsync(file, ("Jobs:MaxFailures", "100"));

        // The leases of the old process have expired long ago. The test requeues the dead letter.
        var swept = await sut.SweepAsync();
        Assert.Equal((2, 0, 0), (swept.Requeued, swept.Failed, swept.Expired));
        Assert.Equal(1, await sut.Operations.RequeueDeadAsync(Queue, Ct));
        var leased = await sut.LeaseAsync(100);
        Assert.Equal(6, leased.Count);
        var others = Assert.Single(leased, job => job.Tenant == OtherTenant);
        Assert.Equal(("00-1-2-01", 1, """{"input":"ü"}"""), (others.Traceparent, others.Attempt, Encoding.UTF8.GetString(others.Body.Span)));
        foreach (var job in leased) await sut.CommitAsync(job);

        foreach (var job in leased) Assert.Equal(JobStatus.Succeeded, await sut.StatusAsync(job.Id));
        var state = await sut.Operations.ReadAsync(Queue, Ct);
        Assert.Equal((0, 0, 0), (state.Depth, state.Running, state.Dead));
    }

    /// <summary>While the old process still runs beside the new one, its leases are valid, and its results are accepted.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public async Task Renew_LeasesOfTheOldProcess_Hold(string file)
    {
        await using var sut = await LoadAsync(file);
        var running = await sut.Store.ListAsync(Queue, Tenants.Anonymous, JobStatus.Running, null, 100, Ct);
        var held = running.Select(job => new LeasedJob
        {
            Id = job.Id,
            Attempt = job.Attempts,
            Endpoint = job.Endpoint,
            Model = Model,
            Body = default,
            TimeLeft = Deadline,
            Waited = default,
        }).ToList();

        Assert.All(await sut.Store.RenewAsync(Queue, held, Ct), Assert.True);
        Assert.Equal(0, (await sut.SweepAsync()).Requeued);
        foreach (var job in held) await sut.CommitAsync(job);
        foreach (var job in held) Assert.Equal(JobStatus.Succeeded, await sut.StatusAsync(job.Id));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Gateway_StoredJobs_AreShown(string file)
    {
        await using var sut = await LoadAsync(file);
        await using var gateway = await GatewayHost.StartAsync(redis, "Jobs:SweepInterval=00:01:00");
        await gateway.ServeAsync(Model);

        List<JsonElement> jobs = [];
        await Poll.UntilAsync(
            async () =>
            {
                jobs = [.. (await gateway.Client.GetFromJsonAsync<JsonElement>("/v1/jobs", Ct)).GetProperty("data").EnumerateArray()];
                return jobs.Count == 9;
            },
            "the Gateway knows the queue, and lists its jobs");
        foreach (var job in jobs)
        {
            var (id, status) = (job.GetProperty("id").GetString()!, job.GetProperty("status").GetString());
            Assert.Equal(status, (await gateway.GetJobAsync(id)).GetProperty("status").GetString());
        }

        var embedding = (await gateway.GetJobAsync(jobs[^2].GetProperty("id").GetString()!))
            .GetProperty("output").GetProperty("data")[0].GetProperty("embedding");
        Assert.Equal([1, -0.5], embedding.EnumerateArray().Select(number => number.GetDouble()));
    }

    /// <summary>Writes the file of a new form. A developer runs it (<c>-explicit only</c>) when the form of records has changed.</summary>
    [Fact(Explicit = true)]
    public async Task Write_WhatThisVersionStores()
    {
        await using var sut = StoreSut.Of(redis, Queue, ("Jobs:MaxFailures", "1"));
        await sut.CommitAsync(await sut.SubmitAndLeaseAsync(New(sut)));
        var vectors = await sut.SubmitAndLeaseAsync(New(sut));
        var output = EmbeddingOutput.Create(1, 2, 3, EmbeddingFormat.Float);
        (EmbeddingOutput.MutableRow(output, 0)[0], EmbeddingOutput.MutableRow(output, 0)[1]) = (1, -0.5f);
        Assert.True(await sut.Store.CommitAsync(vectors, JobOutcome.Success(new JobOutput(EmbeddingOutput.ContentType, output), null), Ct));
        await sut.KillAsync(New(sut));
        await sut.Store.CancelAsync(await sut.SubmitAsync(New(sut)), Tenants.Anonymous, Ct);
        await sut.PassAsync("deadlines", await sut.SubmitAsync(New(sut)));
        await sut.SweepAsync();
        await using (var retrying = sut.With(("Jobs:RetryDelay", "00:00:00.001")))
            await retrying.Store.ReleaseAsync(await sut.SubmitAndLeaseAsync(New(sut)), StoreSut.Failed, Ct);
        await sut.SubmitAsync(sut.Submission("""{"input":"ü"}""", Deadline, "gateway-1") with { Tenant = OtherTenant, Lane = Lane.Batch, Traceparent = "00-1-2-01" });
        var talking = await sut.SubmitAndLeaseAsync(New(sut) with { Lane = Lane.Interactive, Metadata = """{"k":"ü"}""" });
        await sut.Store.AppendAsync(talking, [new JobEvent(0, JobEvent.Output, "\"said\""), new JobEvent(0, JobEvent.Progress, """{"done":1}""")], Ct);
        await sut.SubmitAndLeaseAsync(New(sut) with { Lane = Lane.Interactive });
        await sut.SubmitAsync(New(sut));

        var lines = new List<string>();
        foreach (var key in (await sut.AllKeysAsync()).Where(key => !key.Contains(":drained:", StringComparison.Ordinal) && !key.EndsWith(":swept", StringComparison.Ordinal)))
            lines.Add(await StoredKeys.WriteAsync(sut.Database, key));
        await File.WriteAllLinesAsync(Path.Combine(Folder, "new.jsonl"), lines, Ct);
    }

    private static JobSubmission New(StoreSut sut) => sut.Submission(deadline: Deadline);

    /// <summary>The queue of the file, as a process with these settings reads it.</summary>
    private async Task<StoreSut> LoadAsync(string file, params (string Key, string Value)[] settings)
    {
        await redis.Connection.GetDatabase().ExecuteAsync("FLUSHALL");
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(Folder, file), Ct))
            await StoredKeys.RestoreAsync(redis.Connection.GetDatabase(), line);
        return StoreSut.Of(redis, Queue, settings);
    }
}
