using System.Globalization;
using System.Text.Json;
using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>
/// One run: the product's processes and the load generator, the peer and the load generator, or a bare loop; all of them on the same two
/// cores.
/// </summary>
internal sealed class EmbeddingsRun : IDisposable
{
    public const int Texts = 2_000;
    public const int Clients = 64;

    /// <summary>Warm-up texts of one word, after which the JIT has optimized every path before the first long text comes.</summary>
    private const int ShortWarmUpTexts = 5_000;

    private const int WarmUpTexts = 300;

    private static readonly TimeSpan BareLimit = TimeSpan.FromMinutes(3);

    private static readonly string[] Launcher = Environment.ProcessorCount > 2 ? ["taskset", "-c", "0,1"] : [];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ai-bench-");
    private readonly string _bodies;
    private readonly string _shortBodies;

    public EmbeddingsRun()
    {
        _bodies = WriteBodies("texts", BenchmarkTexts.Make(Texts));
        _shortBodies = WriteBodies("words", ["hello"]);
    }

    public async Task<EmbeddingsMeasurement> MeasureAsync(CancellationToken cancellationToken)
    {
        await using var redis = await RedisUnderTest.StartAsync(Launcher, cancellationToken);
        await using var worker = await Product.StartInferenceWorkerAsync(redis, BenchmarkModel.Name, Launcher, cancellationToken);
        var port = FreePort.Next();
        await using var gateway = await Product.StartGatewayAsync(redis, port, BenchmarkModel.Name, Launcher, [], cancellationToken);
        return await MeasureAsync(port, worker, [gateway, redis.Process], cancellationToken);
    }

    /// <summary>The same load on the server that one would write.</summary>
    public async Task<EmbeddingsMeasurement> MeasurePeerAsync(CancellationToken cancellationToken)
    {
        var port = FreePort.Next();
        await using var server = await OnnxNode.StartAsync(port, BenchmarkModel.Folder, Launcher, cancellationToken);
        return await MeasureAsync(port, server, [], cancellationToken);
    }

    private async Task<EmbeddingsMeasurement> MeasureAsync(
        int port, ChildProcess worker, IReadOnlyList<ChildProcess> others, CancellationToken cancellationToken)
    {
        await LoadAsync(_shortBodies, ShortWarmUpTexts);
        await LoadAsync(_bodies, WarmUpTexts);
        var (workerCpu, othersCpu) = (worker.CpuTime, CpuTime(others));
        return new EmbeddingsMeasurement
        {
            Load = await LoadAsync(_bodies, Texts),
            WorkerMillisecondsPerRow = (worker.CpuTime - workerCpu).TotalMilliseconds / Texts,
            OthersMillisecondsPerRow = (CpuTime(others) - othersCpu).TotalMilliseconds / Texts,
        };

        Task<LoadResult> LoadAsync(string bodies, int texts) => LoadGenerator.PostLinesAsync(
            new Load(port, "/v1/embeddings", Clients, texts) { Launcher = Launcher }, bodies, "\"embedding\"", cancellationToken);

        static TimeSpan CpuTime(IReadOnlyList<ChildProcess> processes) =>
            processes.Aggregate(TimeSpan.Zero, (sum, process) => sum + process.CpuTime);
    }

    public static async Task<BareMeasurement> MeasureBareAsync(RawLoopLayout layout, CancellationToken cancellationToken)
    {
        string[] command = [.. Launcher, "dotnet", Checkout.Program("Benchmarks"), RawLoop.Role,
            Texts.ToString(CultureInfo.InvariantCulture), .. layout.Arguments];
        return BareMeasurement.Parse(await ChildProcess.RunAsync(command[0], command[1..], BareLimit, cancellationToken));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string WriteBodies(string name, IReadOnlyList<string> texts)
    {
        var file = Path.Combine(_folder.FullName, name);
        File.WriteAllLines(
            file, texts.Select(
                text => JsonSerializer.Serialize(new { model = BenchmarkModel.Name, input = text, encoding_format = "base64" })));
        return file;
    }
}
