using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using AiPlatform.Tests.EndToEnd.Chat;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;
using static AiPlatform.Tests.Deploy.DeployFiles;

namespace AiPlatform.Tests.EndToEnd.Monitoring;

/// <summary>The dashboard and the alerts of <c>deploy/monitoring</c> ask for what the processes tell after real calls.</summary>
public sealed partial class MonitoringTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex LegendLabel { get; }

    [GeneratedRegex(@"^label_values\((?<metric>\w+), (?<label>\w+)\)$")]
    private static partial Regex LabelValues { get; }

    [Fact]
    public async Task EveryQuery_AfterRealCalls_NamesMetricsAndLabelsThatAreThere()
    {
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = await Platform.StartAsync(
            [
                .. provider.Environment(), ("Models__Load__1", ChatPlatform.Model), ("Metrics__Prometheus", "true"),
                ("Models__gpt__MaxRetries", "0"), ("Limits__TokensPerDay", "1000000"),
            ]);
        await sut.Redis.Connection.GetDatabase().ExecuteAsync("CONFIG", "SET", "maxmemory", "1gb");
        await CallAsync(sut, provider);
        var queries = Queries();

        Assert.True(queries.Count > 40, "the files have their queries");
        var missing = new List<string>();
        await Poll.UntilAsync(
            async () =>
            {
                var scrape = new Scrape()
                    .Add(await sut.Http.GetStringAsync("/metrics", Ct), "gateway")
                    .Add(await sut.Http.GetStringAsync(new Uri(sut.Worker.Address, "/metrics"), Ct), "inference");
                missing = [.. queries.SelectMany(query => MissingOf(query, scrape).Select(what => $"{what} in: {query}"))];
                return missing.Count == 0;
            },
            () => $"these are there: {string.Join('\n', missing)}");
    }

    /// <summary>Whoever is woken by an alert finds what to do.</summary>
    [Fact]
    public void Alerts_All_HaveASummaryAndAPlaceInTheDocument()
    {
        var document = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "monitoring.md"));

        foreach (var alert in Alerts())
        {
            var name = At<string>(alert, "alert");
            Assert.Contains($"\n### {name}\n", document, StringComparison.Ordinal);
            Assert.Equal($"docs/monitoring.md#{name.ToLowerInvariant()}", At<string>(alert, "annotations", "runbook"));
            Assert.NotEmpty(At<string>(alert, "annotations", "summary"));
            Assert.Contains(At<string>(alert, "labels", "severity"), (string[])["warning", "critical"]);
        }
    }

    /// <summary>Prometheus' own tests of the alerts, each of which fires and is silent.</summary>
    [Fact]
    public async Task Alerts_TestsOfPrometheus_Pass()
    {
        var tests = Path.Combine(Checkout.Root, "deploy", "monitoring", "alerts.test.yaml");
        var start = new ProcessStartInfo("promtool", ["test", "rules", tests])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        Process promtool;
        try
        {
            promtool = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("Prometheus' promtool is not installed (Debian's package prometheus has it).");
            return;
        }

        using (promtool)
        {
            var said = await Task.WhenAll(promtool.StandardOutput.ReadToEndAsync(Ct), promtool.StandardError.ReadToEndAsync(Ct));
            await promtool.WaitForExitAsync(Ct);
            Assert.True(promtool.ExitCode == 0, string.Concat(said));
        }
    }

    /// <summary>No alert is without a test that sees it fire.</summary>
    [Fact]
    public void Alerts_All_FireInATestOfPrometheus()
    {
        var tests = At<List<object?>>(Yaml(Read("monitoring", "alerts.test.yaml")), "tests")
            .SelectMany(test => At<List<object?>>(test, "alert_rule_test")).OfType<Dictionary<object, object?>>()
            .Where(test => test.ContainsKey("exp_alerts")).Select(test => test["alertname"] as string).ToHashSet();

        Assert.All(Alerts(), alert => Assert.Contains(At<string>(alert, "alert"), tests));
    }

    [Theory]
    [InlineData("max by (a) (m{b=\"c\", d=~\"e|f\"}) > 10", "m[b=c,d=~e|f]", "a")]
    [InlineData("sum(rate(m_total[5m])) / sum(rate(n[$__rate_interval])) > 0.05", "m_total[] n[]", "")]
    [InlineData("a * on (x) group_left (y) b offset 5m unless c == 1e3", "a[] b[] c[]", "x y")]
    [InlineData("histogram_quantile(0.95, sum by (le, a) (rate(m_bucket{}[5m]))) or vector(0)", "m_bucket[]", "le a")]
    public void Parse_AnyQuery_FindsItsMetricsAndLabels(string query, string selectors, string groups)
    {
        var parsed = PromQuery.Parse(query);

        Assert.Equal(selectors, string.Join(' ', parsed.Selectors.Select(
            one => $"{one.Metric}[{string.Join(',', one.Matchers.Select(m => m.Label + m.How + m.Value))}]")));
        Assert.Equal(groups, string.Join(' ', parsed.Groups));
    }

    /// <summary>Calls of every kind, some of which fail.</summary>
    private static async Task CallAsync(Platform sut, FakeProvider provider)
    {
        provider.Script(FakeProvider.Says("Hello."), FakeProvider.Fails(500));
        await TracedCalls.ChatAsync(sut.Http, "gpt");
        await TracedCalls.ChatAsync(sut.Http, "gpt");
        await TracedCalls.EmbedAsync(sut.Http);
        await TracedCalls.ChatAsync(sut.Http, ChatPlatform.Model, ",\"max_tokens\":3");
        using var refused = await sut.Http.PostAsJsonAsync(
            "/v1/chat/completions",
            new { model = "gpt", messages = new[] { new { role = "user", content = "Hi" } }, max_tokens = 2_000_000 }, Ct);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        using var paused = await sut.Http.PostAsync($"/v1/queues/{Platform.Model}/pause", null, Ct);
        using var job = await sut.Http.PostAsJsonAsync(
            "/v1/jobs",
            new { endpoint = "/v1/embeddings", body = new { model = Platform.Model, input = "a" }, deadline_seconds = 0.2 }, Ct);
        var id = (await job.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetString()!;
        Assert.Equal("expired", (await sut.EndOfAsync(id)).GetProperty("status").GetString());
        using var resumed = await sut.Http.PostAsync($"/v1/queues/{Platform.Model}/resume", null, Ct);
    }

    private static IEnumerable<string> MissingOf(string query, Scrape scrape)
    {
        if (LabelValues.Match(query) is { Success: true } values)
        {
            var (metric, label) = (values.Groups["metric"].Value, values.Groups["label"].Value);
            if (!scrape.Of(metric).Any(labels => labels.ContainsKey(label))) yield return query;
            yield break;
        }

        var parsed = PromQuery.Parse(query);
        Assert.True(parsed.Selectors.Count > 0, $"{query} names no metric");
        foreach (var (metric, matchers) in parsed.Selectors)
        {
            if (!scrape.Of(metric).Any())
            {
                yield return metric;
                continue;
            }

            foreach (var (label, how, value) in matchers)
            {
                if (!scrape.Of(metric).Any(labels => labels.TryGetValue(label, out var found) && Fits(found, how, value)))
                    yield return $"{metric}{{{label}{how}\"{value}\"}}";
            }
        }

        foreach (var label in parsed.Groups)
        {
            if (!parsed.Selectors.Any(one => scrape.Of(one.Metric).Any(labels => labels.ContainsKey(label))))
                yield return $"the label {label}";
        }
    }

    /// <summary>Whether a label's value is one that is meant; a variable of the dashboard means all.</summary>
    private static bool Fits(string found, string how, string value) => value.Contains('$', StringComparison.Ordinal) || how switch
    {
        "=" => found == value,
        "!=" => found != value,
        "=~" => Regex.IsMatch(found, $"^(?:{value})$"),
        _ => !Regex.IsMatch(found, $"^(?:{value})$"),
    };

    private static List<string> Queries()
    {
        var dashboard = JsonDocument.Parse(Read("monitoring", "grafana", "aiplatform.json")).RootElement;
        List<string> queries = [.. Alerts().Select(alert => At<string>(alert, "expr"))];
        queries.AddRange(dashboard.GetProperty("templating").GetProperty("list").EnumerateArray()
            .Where(one => one.GetProperty("type").GetString() == "query").Select(one => one.GetProperty("query").GetString()!));
        foreach (var target in dashboard.GetProperty("panels").EnumerateArray()
            .Where(panel => panel.TryGetProperty("targets", out _))
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray()))
        {
            var query = target.GetProperty("expr").GetString()!;
            queries.Add(query);
            // A legend shows only what the query groups by.
            foreach (Match label in LegendLabel.Matches(target.GetProperty("legendFormat").GetString()!))
                Assert.Contains(label.Groups[1].Value, PromQuery.Parse(query).Groups);
        }

        return queries;
    }

    private static IEnumerable<object?> Alerts() =>
        At<List<object?>>(Yaml(Read("monitoring", "alerts.yaml")), "groups").SelectMany(group => At<List<object?>>(group, "rules"));
}
