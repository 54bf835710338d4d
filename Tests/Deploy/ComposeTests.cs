using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using AiPlatform.Tests.Fixtures;
using Xunit;
using static AiPlatform.Tests.Deploy.DeployFiles;

namespace AiPlatform.Tests.Deploy;

public sealed class ComposeTests(RedisServer redis) : IClassFixture<RedisServer>
{
    private const string Key = "an-operators-key";

    private static readonly Dictionary<object, object?> Compose = Yaml(Read("compose", "compose.yaml"));

    [Fact]
    public void Services_All_AreRestartedAndGivenTimeToEnd()
    {
        var services = At<Dictionary<object, object?>>(Compose, "services");

        Assert.Equal(["gateway", "grafana", "inference", "prometheus", "redis"], services.Keys.Cast<string>().Order());
        Assert.All(services.Values,
            service => Assert.Equal(("unless-stopped", "35s"), (At<string>(service, "restart"), At<string>(service, "stop_grace_period"))));
    }

    [Fact]
    public void Services_All_HaveHealthChecks() => Assert.All(
        At<Dictionary<object, object?>>(Compose, "services").Values,
        service => Assert.NotEmpty(At<List<object?>>(service, "healthcheck", "test")));

    /// <summary>The checks of the programs run the program itself, because their images have no shell.</summary>
    [Theory]
    [InlineData("gateway", "Gateway")]
    [InlineData("inference", "InferenceWorker")]
    public async Task HealthCheck_OfAProgram_TellsWhetherItIsReady(string service, string program)
    {
        var command = At<List<object?>>(Compose, "services", service, "healthcheck", "test").Cast<string>().ToList();
        Assert.Equal(["CMD", $"/app/AiPlatform.{program}"], command[..2]);
        await using var running = AiProcess.Start(
            program,
            [("ConnectionStrings__redis", redis.ConnectionString), ("Models__Path", Checkout.Models),
                ("Models__Load__0", "all-minilm-l6-v2")]);
        using var http = new HttpClient();
        await running.UntilReadyAsync(http);

        Assert.Equal(0, await AskAsync(running.Address.ToString()));
        await running.KillAsync();
        Assert.Equal(1, await AskAsync(running.Address.ToString()));

        async Task<int> AskAsync(string urls)
        {
            var start = new ProcessStartInfo("dotnet", [Checkout.Program(program), .. command[2..]])
            {
                Environment = { ["ASPNETCORE_URLS"] = urls },
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var asking = Process.Start(start)!;
            await asking.WaitForExitAsync(TestContext.Current.CancellationToken);
            return asking.ExitCode;
        }
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("inference")]
    public void Environment_EveryName_IsASetting(string service) =>
        Assert.All(Environment(service).Keys, name => Assert.True(IsSetting(name), $"{name} is no setting."));

    [Fact]
    public void Variables_ThatAreNeeded_AreInTheExample()
    {
        var needed = Regex.Matches(Read("compose", "compose.yaml"), @"\$\{([A-Z_0-9]+):[?-]").Select(
            match => match.Groups[1].Value).Distinct();
        var example = Read("compose", ".env.example");

        Assert.All(needed, name => Assert.Matches($"(?m)^(# )?{name}=", example));
    }

    [Fact]
    public void Gpu_Override_ReservesOneForTheWorker()
    {
        var inference = At<Dictionary<object, object?>>(Yaml(Read("compose", "compose.gpu.yaml")), "services", "inference");

        var device = At<List<object?>>(inference, "deploy", "resources", "reservations", "devices").Single();
        Assert.Equal(("nvidia", "gpu"), (At<string>(device, "driver"), At<List<object?>>(device, "capabilities").Single()));
        Assert.All(At<Dictionary<object, object?>>(inference, "environment").Keys, name => Assert.True(IsSetting((string)name)));
    }

    [Fact]
    public async Task Redis_ItsCommand_KeepsJobs()
    {
        var command = Substitute(
            ((string)At<List<object?>>(Compose, "services", "redis", "command").Single()!).Replace("$$", "$", StringComparison.Ordinal));

        await using var started = await RedisOfCommand.StartAsync(command, "sesame");

        Assert.Equal(
            ("yes", "everysec", "", "noeviction"),
            (await started.SettingAsync("appendonly"), await started.SettingAsync("appendfsync"), await started.SettingAsync("save"),
                await started.SettingAsync("maxmemory-policy")));
    }

    [Fact]
    public async Task Gateway_ItsEnvironment_ServesTheOperatorOnly()
    {
        var settings = Environment("gateway").Where(setting => setting.Key != "ConnectionStrings__redis").Select(
            setting => (setting.Key, Substitute(setting.Value)));
        await using var gateway = AiProcess.Start("Gateway", [.. settings, ("ConnectionStrings__redis", redis.ConnectionString)]);
        using var http = new HttpClient { BaseAddress = gateway.Address };
        await gateway.UntilReadyAsync(http);

        using var stranger = await http.GetAsync("/v1/queues", TestContext.Current.CancellationToken);
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        using var known = await http.GetAsync("/v1/queues", TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (stranger.StatusCode, known.StatusCode));
    }

    private static Dictionary<string, string> Environment(string service) =>
        At<Dictionary<object, object?>>(Compose, "services", service, "environment").ToDictionary(entry => (string)entry.Key,
            entry => (string)entry.Value!);

    /// <summary>Resolves variables as compose does, with the operator's key and otherwise the defaults.</summary>
    private static string Substitute(string text) =>
        Regex.Replace(text, @"\$\{([A-Z_0-9]+)(?::([?-])([^}]*))?\}", match => match.Groups[1].Value switch
    {
        "OPERATOR_KEY_SHA256" => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key))),
        _ when match.Groups[2].Value == "-" => match.Groups[3].Value,
        var name => $"test-{name}",
    });
}
