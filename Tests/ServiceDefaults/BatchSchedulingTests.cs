using System.Diagnostics;
using System.Globalization;
using AiPlatform.Tests.EndToEnd;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.ServiceDefaults;

/// <summary>The processes do not interrupt one another's threads, unless they were started with another policy.</summary>
public sealed class BatchSchedulingTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const int RoundRobin = 2;
    private const int Batch = 3;

    /// <summary>A field of <c>/proc/PID/task/TID/stat</c>, counted from the state on, which follows the name.</summary>
    private const int PolicyField = 38;

    [Theory]
    [InlineData("Gateway")]
    [InlineData("InferenceWorker")]
    public async Task Process_Starts_AllItsThreadsWaitForOthers(string project)
    {
        await using var sut = AiProcess.Start(project, Settings());

        await AssertPolicyAsync(Batch, sut);
    }

    /// <summary>Whoever starts a process with a policy means it.</summary>
    [Fact]
    public async Task Process_StartedWithAnotherPolicy_KeepsIt()
    {
        string[] realTime = ["chrt", "--rr", "1"];
        using (var probe = Process.Start(realTime[0], [.. realTime[1..], "true"]))
        {
            await probe.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.SkipUnless(probe.ExitCode == 0, "this user may not choose a policy that is not weaker than the ordinary one");
        }

        await using var sut = AiProcess.StartWith([.. realTime, "dotnet"], "Gateway", Settings());

        await AssertPolicyAsync(RoundRobin, sut);
    }

    private (string Key, string Value)[] Settings() =>
    [
        ("ConnectionStrings__redis", redis.ConnectionString), ("Models__Path", Checkout.Models), ("Models__Load__0", Platform.Model),
    ];

    private static async Task AssertPolicyAsync(int policy, AiProcess sut)
    {
        using var http = new HttpClient();
        await sut.UntilReadyAsync(http);

        var policies = Directory.EnumerateDirectories($"/proc/{sut.Id}/task").Select(PolicyOf).OfType<int>().ToList();
        Assert.True(policies.Count > 5);
        Assert.All(policies, one => Assert.Equal(policy, one));
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
