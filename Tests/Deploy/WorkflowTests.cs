using System.Runtime.Versioning;
using Xunit;
using static AiPlatform.Tests.Deploy.DeployFiles;

namespace AiPlatform.Tests.Deploy;

/// <summary>The workflow that GitHub runs for every change.</summary>
public sealed class WorkflowTests
{
    private static readonly Dictionary<object, object?> Workflow =
        Yaml(File.ReadAllText(Path.Combine(Checkout.Root, ".github", "workflows", "ci.yml")));

    private static Dictionary<object, object?> Job => At<Dictionary<object, object?>>(Workflow, "jobs", "check");

    private static List<Dictionary<object, object?>> Steps => [.. At<List<object?>>(Job, "steps").Cast<Dictionary<object, object?>>()];

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Steps_Last_IsTheGateOfEveryCommit()
    {
        Assert.Equal(".ci/run", At<string>(Steps[^1], "run"));
        Assert.True(File.GetUnixFileMode(Path.Combine(Checkout.Root, ".ci", "run")).HasFlag(UnixFileMode.UserExecute));
    }

    [Fact]
    public void Steps_OfOthers_ArePinnedByTheirMajorVersion()
    {
        var actions = Steps.Where(step => step.ContainsKey("uses")).Select(step => At<string>(step, "uses")).ToList();

        Assert.NotEmpty(actions);
        Assert.All(actions, action => Assert.Matches(@"^actions/[a-z-]+@v\d+$", action));
    }

    [Fact]
    public void Steps_Before_HaveTheSdkOfTheCheckoutAndAllTags()
    {
        Assert.Contains(Steps, step => step.ContainsKey("with") && At<Dictionary<object, object?>>(step, "with").ContainsKey("global-json-file"));
        Assert.Contains(Steps, step => step.ContainsKey("with") && At<Dictionary<object, object?>>(step, "with").GetValueOrDefault("fetch-depth") is "0");
        Assert.Contains(Steps, step => step.TryGetValue("run", out var run) && ((string)run!).Contains("redis-server", StringComparison.Ordinal));
    }

    [Fact]
    public void Workflow_Whole_RunsOnEveryChangeAndMayOnlyRead()
    {
        Assert.Equal(["pull_request", "push"], At<Dictionary<object, object?>>(Workflow, "on").Keys.Cast<string>().Order());
        Assert.Equal([new("contents", "read")], At<Dictionary<object, object?>>(Workflow, "permissions"));
        Assert.Equal("30", At<string>(Job, "timeout-minutes"));
        Assert.True(Workflow.ContainsKey("concurrency"));
    }
}
