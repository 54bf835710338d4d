using System.Globalization;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults;

/// <summary>The processes do not interrupt one another's threads, unless they were started with another policy.</summary>
public sealed class BatchSchedulingTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const int Batch = 3;

    /// <summary>A field of <c>/proc/PID/task/TID/stat</c>, counted from the state on, which follows the name.</summary>
    private const int PolicyField = 38;

    [Theory]
    [InlineData("Gateway")]
    [InlineData("InferenceWorker")]
    public async Task Process_Starts_AllItsThreadsWaitForOthers(string project)
    {
        using var http = new HttpClient();
        await using var sut = AiProcess.Start(
            project, [("ConnectionStrings__redis", redis.ConnectionString), ("Models__Path", Checkout.Models),
                ("Models__Load__0", "all-minilm-l6-v2")]);

        await sut.UntilReadyAsync(http);

        var policies = Directory.EnumerateDirectories($"/proc/{sut.Id}/task").Select(PolicyOf).OfType<int>().ToList();
        Assert.True(policies.Count > 5);
        Assert.All(policies, policy => Assert.Equal(Batch, policy));
    }

    /// <summary>The thread's policy; null when it has just ended.</summary>
    private static int? PolicyOf(string thread)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(thread, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return int.Parse(fields[PolicyField], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
