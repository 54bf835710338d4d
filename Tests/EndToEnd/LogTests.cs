using System.Text.RegularExpressions;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>The processes' logs with the default log levels.</summary>
public sealed partial class LogTests
{
    [GeneratedRegex(@"^(?<level>trce|dbug|info|warn|fail|crit): (?<category>[\w.`\[\]]+)\[\d+\]\s*\n\s+(?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex Entry { get; }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Log_OrdinaryLife_HasALineForEachThingThatHappens()
    {
        await using var sut = await Platform.StartAsync();

        await TracedCalls.EmbedAsync(sut.Http);
        for (var i = 0; i < 20; i++) await ProbeAsync(sut);
        Assert.Equal((0, 0), (await sut.Gateway.StopAsync(), await sut.Worker.StopAsync()));

        foreach (var process in (AiProcess[])[sut.Gateway, sut.Worker])
        {
            var entries = EntriesOf(process);
            Assert.All(entries, entry => Assert.Equal("info", entry.Level));
            Assert.All(entries, entry => Assert.StartsWith("AiPlatform.", entry.Category, StringComparison.Ordinal));
            Assert.Equal(entries.Count, entries.Distinct().Count());
            var started = Assert.Single(entries, entry => entry.Text.StartsWith("Started in", StringComparison.Ordinal));
            Assert.Contains($"listening on {process.Address}".TrimEnd('/'), started.Text, StringComparison.Ordinal);
        }

        // Probes of a worker that loads its models saw it not ready, many times.
        Assert.Equal(
            ["Health check models is Unhealthy", "Health check models is Healthy"],
            ChangesOf(sut.Worker, "").Select(change => change.Text.Split(':')[0]));
    }

    [Fact]
    public async Task Log_RedisGoesAndComes_HasALineForEachChange()
    {
        await using var sut = await Platform.StartAsync(
        [
            ("Providers__p__BaseUrl", "http://127.0.0.1:1/v1"), .. Enumerable.Range(0, 10).Select(i => ($"Models__m{i}__Provider", "p")),
        ]);

        await sut.Redis.KillAsync();
        await UntilBothSayAsync(sut, "Redis cannot be reached");
        for (var i = 0; i < 20; i++) await ProbeAsync(sut);
        await sut.Redis.StartAsync();
        await UntilBothSayAsync(sut, "Redis answers");
        for (var i = 0; i < 20; i++) await ProbeAsync(sut);

        foreach (var (process, away) in ((AiProcess, string)[])[(sut.Gateway, "Degraded"), (sut.Worker, "Unhealthy")])
        {
            await Poll.UntilAsync(() => ChangesOf(process, "redis").Count == 2, () => $"two lines:\n{process.LogText}");
            Assert.Equal(
                [("warn", $"Health check redis is {away}: Redis cannot be reached."), ("info", "Health check redis is Healthy: Redis answers, and takes jobs.")],
                ChangesOf(process, "redis"));
            Assert.DoesNotContain("HealthCheckService", process.LogText, StringComparison.Ordinal);
            var entries = EntriesOf(process);
            Assert.All(entries, entry => Assert.StartsWith("AiPlatform.", entry.Category, StringComparison.Ordinal));
            Assert.Single(entries, entry => entry.Text.StartsWith("The connection to Redis at", StringComparison.Ordinal) && entry.Level == "warn");
            Assert.Single(entries, entry => entry.Text.StartsWith("The connection to Redis at", StringComparison.Ordinal) && entry.Level == "info");
            // Of the loops: one for each thing that Redis may do meanwhile, not to answer, not to be there, or to load.
            Assert.InRange(entries.Count(entry => entry.Text.Contains("cannot do its work", StringComparison.Ordinal)), 0, 4);
            Assert.DoesNotMatch(@"\n\s+at ", process.LogText);
        }
    }

    [Fact]
    public async Task Log_LevelIsSet_IsThatOne()
    {
        await using var sut = await Platform.StartAsync(
            ("Logging__LogLevel__Microsoft.AspNetCore", "Information"), ("Logging__LogLevel__AiPlatform", "Warning"));

        await ProbeAsync(sut);

        foreach (var process in (AiProcess[])[sut.Gateway, sut.Worker])
        {
            await Poll.UntilAsync(() => process.LogText.Contains("Request finished", StringComparison.Ordinal), "the requests are logged");
            Assert.DoesNotContain(EntriesOf(process), entry => entry.Category.StartsWith("AiPlatform.", StringComparison.Ordinal));
        }
    }

    private static Task UntilBothSayAsync(Platform sut, string detail) => Poll.UntilAsync(
        async () => (await ProbeAsync(sut)).All(health => health.Contains(detail, StringComparison.Ordinal)), $"both say '{detail}'");

    private static async Task<string[]> ProbeAsync(Platform sut)
    {
        var answers = new List<string>();
        foreach (var process in (AiProcess[])[sut.Gateway, sut.Worker])
        {
            foreach (var path in (string[])["/alive", "/health"])
            {
                using var reply = await sut.Http.GetAsync(new Uri(process.Address, path), Ct);
                if (path == "/health") answers.Add(await reply.Content.ReadAsStringAsync(Ct));
            }
        }

        return [.. answers];
    }

    private static List<(string Level, string Text)> ChangesOf(AiProcess process, string check) =>
    [
        .. EntriesOf(process).Where(entry => entry.Text.StartsWith($"Health check {check}", StringComparison.Ordinal))
            .Select(entry => (entry.Level, entry.Text)),
    ];

    private static List<(string Level, string Category, string Text)> EntriesOf(AiProcess process) =>
        [.. Entry.Matches(process.LogText).Select(match => (Of(match, "level"), Of(match, "category"), Of(match, "text")))];

    private static string Of(Match match, string group) => match.Groups[group].Value;
}
