using System.Globalization;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Redis;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>A worker that was paused for longer than its lease.</summary>
public sealed class StaleWorkerTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task StaleWorker_StoppedPastItsLease_OverwritesNothing()
    {
        await using var sut = await Platform.StartAsync(("Logging__LogLevel__AiPlatform", "Debug"));
        var id = await SubmitSlowJobAsync(sut);
        await Poll.UntilAsync(async () => (await StatusAsync(sut, id)).Status == "running", "the job runs");

        var stale = sut.Worker;
        await stale.SignalAsync("-STOP");
        var whenStopped = await StatusAsync(sut, id);
        var other = sut.StartWorker();
        await other.UntilReadyAsync(sut.Http);
        var end = await sut.EndOfAsync(id);
        var before = await StoredAsync(sut, id);
        var run = $"un 1 of {id}";
        var logged = stale.LogText.Length;
        await stale.SignalAsync("-CONT");
        await Poll.UntilAsync(
            () => stale.LogText.AsSpan(logged).Contains(run, StringComparison.Ordinal), "the stale worker gives its run up");
        await stale.UntilReadyAsync(sut.Http);
        var after = await StoredAsync(sut, id);
        await other.StopAsync();
        var next = await sut.EndOfAsync(await sut.SubmitAsync("hello"));

        Assert.Equal(("running", 1), whenStopped);
        Assert.Equal(("succeeded", 2), (end.GetProperty("status").GetString(), end.GetProperty("attempts").GetInt32()));
        Assert.Equal(before.Record, after.Record);
        Assert.Equal(before.ExpiresAt, after.ExpiresAt);
        Assert.False(after.HasState);
        Assert.Equal(1, await CountEndsAsync(sut, id));
        Assert.Equal(("succeeded", 1), (next.GetProperty("status").GetString(), next.GetProperty("attempts").GetInt32()));
    }

    /// <summary>A job that keeps a worker busy for a second or more.</summary>
    private static async Task<string> SubmitSlowJobAsync(Platform sut)
    {
        var text = ReferenceEmbeddings.All.First(one => one.Tokens is > 240 and <= 256).Text;
        var job = new { endpoint = "/v1/embeddings", body = new { model = Platform.Model, input = Enumerable.Repeat(text, 100) } };
        using var content = new StringContent(JsonSerializer.Serialize(job), System.Text.Encoding.UTF8, "application/json");
        using var reply = await sut.Http.PostAsync("/v1/jobs", content, Ct);
        return JsonSerializer.Deserialize<JsonElement>(await reply.Content.ReadAsStringAsync(Ct)).GetProperty("id").GetString()!;
    }

    private static async Task<(string Status, int Attempts)> StatusAsync(Platform sut, string id)
    {
        var job = JsonSerializer.Deserialize<JsonElement>(await sut.Http.GetStringAsync($"/v1/jobs/{id}", Ct));
        return (job.GetProperty("status").GetString()!, job.GetProperty("attempts").GetInt32());
    }

    private static async Task<(byte[] Record, long ExpiresAt, bool HasState)> StoredAsync(Platform sut, string id)
    {
        var database = sut.Redis.Connection.GetDatabase();
        var (key, job) = KeyOf(id);
        return (
            (byte[])(await database.StringGetAsync(key))!,
            (long)await database.ExecuteAsync("PEXPIRETIME", key),
            await database.HashExistsAsync($"{RedisKeys.Base(job.Queue)}state", job.Key));
    }

    /// <summary>How often a record with an end was written.</summary>
    private static async Task<int> CountEndsAsync(Platform sut, string id)
    {
        await sut.Redis.WriteFileAsync();
        return AppendOnlyFile.Read(sut.Redis.Folder).Count(command =>
            command.Length > 2 && command[1].AsSpan().SequenceEqual(System.Text.Encoding.UTF8.GetBytes(KeyOf(id).Key!))
            && command[2].AsSpan().IndexOf("\ts="u8) >= 0);
    }

    private static (string Key, JobId Id) KeyOf(string id) => JobId.TryParse(id, out var job)
        ? (string.Create(CultureInfo.InvariantCulture, $"{RedisKeys.Base(job.Queue)}job:{job.Key}"), job)
        : throw new FormatException($"'{id}' is no job's id.");
}
