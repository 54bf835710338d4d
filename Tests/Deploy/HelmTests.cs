using System.Text.RegularExpressions;
using Xunit;
using static AiPlatform.Tests.Deploy.DeployFiles;

namespace AiPlatform.Tests.Deploy;

/// <summary>Tests of the chart without Helm, which treat its templates as text.</summary>
public sealed class HelmTests
{
    private static readonly string Templates =
        string.Join(
            '\n', Directory.EnumerateFiles(Path.Combine(Folder, "helm", "templates"))
                .Order(StringComparer.Ordinal).Select(File.ReadAllText));

    [Fact]
    public void Values_ThatTemplatesUse_AreDescribed()
    {
        var values = Yaml(Read("helm", "values.yaml"));

        var used = Regex.Matches(Templates, @"\.Values((?:\.\w+)+)").Select(
            match => match.Groups[1].Value.TrimStart('.')).Distinct().ToList();

        Assert.NotEmpty(used);
        Assert.All(used, path => At<object?>(values, path.Split('.')));
    }

    [Fact]
    public void Variables_ThatTemplatesSet_AreSettings()
    {
        var names = Regex.Matches(Templates, @"- name: (\w+__\w+|OTEL_\w+)").Select(match => match.Groups[1].Value).Distinct().ToList();

        Assert.Contains("ConnectionStrings__redis", names);
        Assert.All(names, name => Assert.True(IsSetting(name), $"{name} is no setting."));
    }

    [Fact]
    public void Pods_All_GetTimeToEndAndProbes()
    {
        Assert.Equal(3, Regex.Count(Templates, "terminationGracePeriodSeconds: 35"));
        Assert.Equal(2, Regex.Count(Templates, """include "aiplatform.probes" """.Trim()));
        Assert.Contains("path: /health, port: http", Templates, StringComparison.Ordinal);
        Assert.Contains("path: /alive, port: http", Templates, StringComparison.Ordinal);
    }

    [Fact]
    public void Pods_All_HaveAStartupProbe() => Assert.Equal(2, Regex.Count(Templates, "startupProbe:"));

    /// <summary>Those of the programs, and that of Redis.</summary>
    [Theory]
    [InlineData("runAsNonRoot: true", 2)]
    [InlineData("seccompProfile: {type: RuntimeDefault}", 2)]
    [InlineData("allowPrivilegeEscalation: false", 2)]
    [InlineData("readOnlyRootFilesystem: true", 2)]
    [InlineData("capabilities: {drop: [ALL]}", 2)]
    [InlineData("automountServiceAccountToken: false", 3)]
    [InlineData("include \"aiplatform.podSecurity\"", 2)]
    [InlineData("include \"aiplatform.containerSecurity\"", 2)]
    [InlineData("include \"aiplatform.spread\"", 2)]
    public void Pods_All_MayDoLittleAndAreSpread(string line, int times) => Assert.Equal(times, Regex.Count(Templates, Regex.Escape(line)));

    [Fact]
    public void Components_Both_HaveADisruptionBudget() =>
        Assert.Contains("kind: PodDisruptionBudget", Read("helm", "templates", "disruption.yaml"), StringComparison.Ordinal);

    [Theory]
    [InlineData("gateway")]
    [InlineData("inference")]
    [InlineData("redis")]
    public void Network_EveryComponent_HasAPolicy(string component) => Assert.Matches(
        $@"kind: NetworkPolicy\nmetadata:\n  name: \{{\{{ \.Release\.Name \}}\}}-{component}\n", Read("helm", "templates", "network.yaml"));

    [Fact]
    public void Redis_ItsCommand_IsThatOfCompose()
    {
        var compose = (string)At<List<object?>>(Yaml(Read("compose", "compose.yaml")), "services", "redis", "command").Single()!;

        var lines = compose.Replace("$$", "$", StringComparison.Ordinal).Replace(
            "${REDIS_MAXMEMORY:-0}", "{{ .Values.redis.maxMemory }}", StringComparison.Ordinal)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.Contains(line, Templates, StringComparison.Ordinal));
    }
}
