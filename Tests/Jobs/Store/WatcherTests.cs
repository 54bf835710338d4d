using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Jobs.Store;

/// <summary>Gateways that wait for the end of jobs, and Gateways that stream their events.</summary>
public sealed class WatcherTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private readonly string _gateway = RedisServer.Unique("g");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadAsync_WithWatcher_IsToldOnceWithTheResult()
    {
        await using var sut = CreateSut();
        var gateway = await ListenAsync();
        var job = await sut.SubmitAndLeaseAsync();
        for (var i = 0; i < 3; i++) await sut.Store.ReadAsync(job.Id, _gateway, false, Ct);

        await sut.CommitAsync(job);
        await sut.Store.ReadAsync(job.Id, _gateway, false, Ct);

        var message = Assert.Single(await gateway.MessagesAsync());
        Assert.Equal($"ended {sut.Queue}\n{await EntryAsync(sut, job.Id)}", message);
        Assert.EndsWith("\n{\"ok\":1}", message, StringComparison.Ordinal);
        Assert.Equal(["job"], await sut.KeysAsync());
    }

    [Fact]
    public async Task CommitAsync_SeveralGatewaysWait_EachIsToldOnce()
    {
        await using var sut = CreateSut();
        string[] names = [_gateway, RedisServer.Unique("g"), RedisServer.Unique("g")];
        var gateways = await Task.WhenAll(names.Select(name => Listener.OnAsync(redis, RedisKeys.Gateway(name))));
        var job = await sut.SubmitAndLeaseAsync(sut.Submission(watcher: names[0]));
        foreach (var name in new[] { names[1], names[0], names[2], names[1] }) await sut.Store.ReadAsync(job.Id, name, false, Ct);

        await sut.CommitAsync(job);

        var expected = $"ended {sut.Queue}\n{await EntryAsync(sut, job.Id)}";
        foreach (var gateway in gateways) Assert.Equal([expected], await gateway.MessagesAsync());
        Assert.Equal(["job"], await sut.KeysAsync());
    }

    [Fact]
    public async Task ReadAsync_WatchersNameBeginsLikeTheSubmitters_IsToldToo()
    {
        await using var sut = CreateSut();
        var gateway = await ListenAsync();
        var job = await sut.SubmitAndLeaseAsync(sut.Submission(watcher: _gateway + "-2"));
        await sut.Store.ReadAsync(job.Id, _gateway, false, Ct);

        await sut.CommitAsync(job);

        Assert.Single(await gateway.MessagesAsync());
    }

    [Fact]
    public async Task CommitAsync_ManyTogether_OneMessageForEachGateway()
    {
        await using var sut = CreateSut();
        var other = RedisServer.Unique("g");
        var (gateway, otherGateway) = (await ListenAsync(), await Listener.OnAsync(redis, RedisKeys.Gateway(other)));
        var first = await sut.SubmitAndLeaseAsync();
        var jobs = new List<LeasedJob>();
        for (var i = 0; i < 20; i++) jobs.Add(await sut.SubmitAndLeaseAsync(sut.Submission(watcher: i % 4 == 0 ? other : _gateway)));
        await sut.Store.ReadAsync(jobs[0].Id, _gateway, false, Ct);

        await sut.TogetherAsync(() => jobs.Prepend(first).Select(job => sut.Store.CommitAsync(job, StoreSut.Success, Ct)));

        var entries = new List<string>();
        foreach (var job in jobs) entries.Add(await EntryAsync(sut, job.Id));
        Assert.Equal([$"ended {sut.Queue}\n{string.Concat(entries.Where((_, i) => i == 0 || i % 4 > 0))}"], await gateway.MessagesAsync());
        Assert.Equal([$"ended {sut.Queue}\n{string.Concat(entries.Where((_, i) => i % 4 == 0))}"], await otherGateway.MessagesAsync());
    }

    [Theory]
    [InlineData(65_536, 1)]
    [InlineData(65_537, 0)]
    public async Task CommitAsync_BigResult_IsPublishedWholeUpToALimit(int bytes, int whole)
    {
        await using var sut = CreateSut();
        var gateway = await ListenAsync();
        var job = await sut.SubmitAndLeaseAsync(sut.Submission(watcher: _gateway));

        await sut.Store.CommitAsync(job, JobOutcome.Success(new JobOutput(JobOutput.Json, new byte[bytes]), null), Ct);

        var lines = Assert.Single(await gateway.MessagesAsync()).Split('\n');
        Assert.Equal(($"ended {sut.Queue}", 4), (lines[0], lines.Length));
        Assert.Equal($"{job.Id.Key} {whole} {lines[2].Length + 1 + (whole * bytes)}", lines[1]);
        Assert.EndsWith("\to=application/json", lines[2], StringComparison.Ordinal);
        Assert.Equal(whole * bytes, lines[3].Length);
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("cancel running")]
    [InlineData("expire")]
    [InlineData("expire at the lease")]
    [InlineData("fail")]
    [InlineData("lose")]
    public async Task End_OfAnyOtherKind_TellsWhoWaits(string end)
    {
        await using var sut = CreateSut(("Jobs:MaxFailures", "1"), ("Jobs:MaxLostLeases", "1"));
        var gateway = await ListenAsync();
        var late = await ListenAsync(_gateway + "-late");
        var deadline = end == "expire at the lease" ? TimeSpan.FromMilliseconds(200) : (TimeSpan?)null;
        var id = await sut.SubmitAsync(sut.Submission(deadline: deadline, watcher: _gateway));
        await sut.Store.ReadAsync(id, _gateway + "-late", false, Ct);

        switch (end)
        {
            case "cancel": await sut.Store.CancelAsync(id, Tenants.Anonymous, Ct); break;
            case "cancel running":
                await sut.LeaseOneAsync();
                await sut.Store.CancelAsync(id, Tenants.Anonymous, Ct);
                break;
            case "expire":
                await sut.PassAsync("deadlines", id);
                await sut.SweepAsync();
                break;
            case "expire at the lease":
                await sut.PassAsync(deadline!.Value);
                Assert.Empty(await sut.LeaseAsync(1));
                break;
            case "fail": await sut.Store.ReleaseAsync(await sut.LeaseOneAsync(), StoreSut.Failed, Ct); break;
            case "lose": await sut.LoseAsync(await sut.LeaseOneAsync()); break;
        }

        var expected = $"ended {sut.Queue}\n{await EntryAsync(sut, id)}";
        Assert.Equal([expected], await gateway.MessagesAsync());
        Assert.Equal([expected], await late.MessagesAsync());
    }

    [Fact]
    public async Task ReadLogAsync_Follower_IsToldOfChangesAndEvents()
    {
        await using var sut = CreateSut(("Jobs:RetryDelay", "00:00:00"), ("Jobs:MaxFailures", "2"));
        var (gateway, other) = (await ListenAsync(), await ListenAsync(_gateway + "-2"));
        var id = await sut.SubmitAsync();
        foreach (var follower in new[] { _gateway, _gateway + "-2", _gateway }) await sut.Store.ReadLogAsync(id, 0, follower, Ct);

        var first = await sut.LeaseOneAsync();
        await sut.Store.AppendAsync(first, [new JobEvent(0, JobEvent.Output, "\"a\""), new JobEvent(0, JobEvent.Progress, "{}")], Ct);
        await sut.Store.ReleaseAsync(first, StoreSut.Failed, Ct);
        var second = await sut.LeaseOneAsync();
        await sut.Store.AppendAsync(second, [new JobEvent(0, JobEvent.Output, "\"b\"")], Ct);
        await sut.LoseAsync(second);
        await sut.CommitAsync(await sut.LeaseOneAsync());

        var changed = $"changed {sut.Queue} {id.Key}\n";
        string[] expected =
        [
            changed, $"events {sut.Queue}\n{id.Key} 3 2\noutput \"a\"\nprogress {{}}\n", changed, changed,
            $"events {sut.Queue}\n{id.Key} 7 1\noutput \"b\"\n", changed, changed, changed,
        ];
        Assert.Equal(expected, await gateway.MessagesAsync());
        Assert.Equal(expected, await other.MessagesAsync());
        Assert.Equal(["events", "job"], await sut.KeysAsync());
    }

    [Fact]
    public async Task AppendAsync_ManyJobsAtOnce_TheirFollowerGetsEachOnceInFewerMessages()
    {
        await using var sut = CreateSut();
        var (gateway, other) = (await ListenAsync(), await ListenAsync(_gateway + "-2"));
        var jobs = new List<LeasedJob>();
        for (var i = 0; i < 20; i++) jobs.Add(await sut.SubmitAndLeaseAsync());
        foreach (var job in jobs) await sut.Store.ReadLogAsync(job.Id, 0, _gateway, Ct);
        await sut.Store.ReadLogAsync(jobs[3].Id, 0, _gateway + "-2", Ct);

        await Task.WhenAll(jobs.Select(job => sut.Store.AppendAsync(job, [new JobEvent(0, JobEvent.Output, "1")], Ct)));

        var messages = await gateway.MessagesAsync();
        Assert.InRange(messages.Count, 1, jobs.Count - 1);
        Assert.All(messages, message => Assert.StartsWith($"events {sut.Queue}\n", message, StringComparison.Ordinal));
        var told = string.Concat(messages.Select(message => message[(message.IndexOf('\n', StringComparison.Ordinal) + 1)..]));
        Assert.Equal(string.Concat(jobs.Select(job => $"{job.Id.Key} 3 1\noutput 1\n")), told);
        Assert.Equal([$"events {sut.Queue}\n{jobs[3].Id.Key} 3 1\noutput 1\n"], await other.MessagesAsync());
    }

    [Fact]
    public async Task ReadAsync_JobHasEnded_NotesNobody()
    {
        await using var sut = CreateSut();
        var job = await sut.SubmitAndLeaseAsync();
        await sut.CommitAsync(job);

        await sut.Store.ReadAsync(job.Id, _gateway, true, Ct);
        await sut.Store.ReadLogAsync(job.Id, 0, _gateway, Ct);

        Assert.Equal(["job"], await sut.KeysAsync());
    }

    [Fact]
    public async Task CancelAsync_OneOfSeveralFollowed_TheOthersStayFollowed()
    {
        await using var sut = CreateSut();
        var gateway = await ListenAsync();
        var jobs = await sut.SubmitAsync([sut.Submission(), sut.Submission()]);
        foreach (var job in jobs)
        {
            await sut.Store.ReadLogAsync(job, 0, _gateway, Ct);
            await sut.Store.ReadAsync(job, _gateway, false, Ct);
        }

        await sut.Store.CancelAsync(jobs[0], Tenants.Anonymous, Ct);
        await sut.LeaseOneAsync();

        string[] expected = [$"ended {sut.Queue}\n{await EntryAsync(sut, jobs[0])}", .. jobs.Select(job => $"changed {sut.Queue} {job.Key}\n")];
        Assert.Equal(expected, await gateway.MessagesAsync());
    }

    private Task<Listener> ListenAsync(string? name = null) => Listener.OnAsync(redis, RedisKeys.Gateway(name ?? _gateway));

    /// <summary>A small job's part of a message: its record as it is stored.</summary>
    private static async Task<string> EntryAsync(StoreSut sut, JobId id)
    {
        byte[] record = (await sut.Database.StringGetAsync(sut.Key($"job:{id.Key}")))!;
        return $"{id.Key} 1 {record.Length}\n{System.Text.Encoding.UTF8.GetString(record)}";
    }

    private StoreSut CreateSut(params (string, string)[] settings) => StoreSut.On(redis, settings);
}
