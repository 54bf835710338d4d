using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;

namespace AiPlatform.Benchmarks;

/// <summary>64 clients, one text a call, through HTTP, Redis and the worker; next to the bare loop, in turn, on the same cores.</summary>
internal static class EmbeddingsBenchmark
{
    private const int Texts = 2_000;
    private const int Clients = 64;
    private const int Runs = 5;
    private const string Model = "all-minilm-l6-v2";

    public static async Task RunAsync()
    {
        var root = FindRoot();
        var texts = BenchmarkTexts.Make(Texts);
        var (bare, through, latencies) = (new List<double>(), new List<double>(), new List<double>());

        for (var run = 0; run <= Runs; run++)
        {
            var folder = Path.Combine(root, "models", Model);
            var bareRate = Math.Max(BareRate(folder, texts, spinning: true), BareRate(folder, texts, spinning: false));

            await using var platform = await PlatformUnderTest.StartAsync(root);
            await CallAllAsync(platform.Http, [.. texts.Take(300)]);
            var (rate, p50) = await CallAllAsync(platform.Http, texts);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"run {run}{(run == 0 ? " (warm-up)" : "")}: bare {bareRate:0} rows/s, over HTTP {rate:0} rows/s, p50 {p50:0.0} ms"));
            if (run == 0) continue;
            bare.Add(bareRate);
            through.Add(rate);
            latencies.Add(p50);
        }

        var ratio = Median([.. through.Zip(bare, (ours, limit) => ours / limit)]);
        ResultsFile.Append(
            root, "./ai bench embeddings", $"{Texts} texts of 12 to 28 words, {Clients} clients, one text a call",
            string.Create(CultureInfo.InvariantCulture, $"{Median(through):0} rows/s, p50 {Median(latencies):0} ms"),
            string.Create(CultureInfo.InvariantCulture, $"bare ONNX Runtime loop (the better of spinning and not): {Median(bare):0} rows/s"),
            string.Create(CultureInfo.InvariantCulture, $"{ratio:0.00}"));
    }

    private static double BareRate(string folder, IReadOnlyList<string> texts, bool spinning)
    {
        using var loop = new RawLoop(folder, spinning);
        loop.Run([.. texts.Take(100)]);
        return loop.Run(texts);
    }

    private static async Task<(double Rate, double P50Milliseconds)> CallAllAsync(HttpClient http, IReadOnlyList<string> texts)
    {
        var latencies = new double[texts.Count];
        var start = Stopwatch.GetTimestamp();
        await Parallel.ForAsync(0, texts.Count, new ParallelOptions { MaxDegreeOfParallelism = Clients }, async (i, token) =>
        {
            var sent = Stopwatch.GetTimestamp();
            using var reply = await http.PostAsJsonAsync("/v1/embeddings", new { model = Model, input = texts[i], encoding_format = "base64" }, token);
            reply.EnsureSuccessStatusCode();
            latencies[i] = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
        });
        return (texts.Count / Stopwatch.GetElapsedTime(start).TotalSeconds, Median(latencies));
    }

    private static double Median(IReadOnlyCollection<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "AiPlatform.sln"))) return folder.FullName;
        throw new InvalidOperationException("Run it from a checkout: no AiPlatform.sln above the program.");
    }
}
