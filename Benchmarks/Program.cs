using System.Globalization;
using System.Runtime.InteropServices;
using AiPlatform.Benchmarks.Chat;
using AiPlatform.Benchmarks.Devices;
using AiPlatform.Benchmarks.Embeddings;
using AiPlatform.Benchmarks.Growth;
using AiPlatform.Benchmarks.HangfireQueue;
using AiPlatform.Benchmarks.Https;
using AiPlatform.Benchmarks.JobsApi;
using AiPlatform.Benchmarks.Plots;
using AiPlatform.Benchmarks.Processes;
using AiPlatform.Benchmarks.Providers;
using AiPlatform.Benchmarks.Queue;
using AiPlatform.Benchmarks.SlowModel;
using AiPlatform.Benchmarks.Structured;

namespace AiPlatform.Benchmarks;

/// <summary>Runs benchmarks, and also runs in the roles of processes that they start besides the product's own.</summary>
internal static class Program
{
    private static readonly Dictionary<string, Func<int, CancellationToken, Task>> Benchmarks = new()
    {
        ["queue"] = QueueBenchmark.RunAsync,
        ["growth"] = GrowthBenchmark.RunAsync,
        ["jobs"] = JobsBenchmark.RunAsync,
        ["embeddings"] = EmbeddingsBenchmark.RunAsync,
        ["chat"] = ChatBenchmark.RunAsync,
        ["structured"] = StructuredBenchmark.RunAsync,
        ["providers"] = ProvidersBenchmark.RunAsync,
        ["https"] = HttpsBenchmark.RunAsync,
        ["slow-model"] = SlowModelBenchmark.RunAsync,
    };

    private const string Usage = """
        usage: ./ai bench [NAME…] [--runs N] [--plot]

          queue        jobs a second, latency and Redis memory of the queue without HTTP and without a model, next to BullMQ and
                       to Hangfire on Redis
          growth       one job beside up to 1,000,000 waiting jobs, 10,000 tenants, 200 models and 1,000 workers, next to an empty system
                       (about two minutes a run)
          jobs         POST /v1/jobs and GET /v1/jobs/{id}?wait= without a model, next to BullMQ behind fastify
          embeddings   rows a second through HTTP, Redis and the worker, next to bare ONNX Runtime on the same texts and cores, and to a
                       server of fastify and onnxruntime-node
          chat         tokens a second and times of chats that one language model of our own streams, next to a bare ONNX Runtime loop and
                       to llama.cpp on the same weights, and to what they should be (less than a minute a run)
          structured   masks of the reference's schemas, and streams that must fit a schema, next to free ones (less than a minute a run)
          providers    chats and streams through the Gateway to a mock provider, next to the Portkey gateway, a bare proxy and the mock;
                       5,000 users of a slow model, and 8,000 clients that wait (about five minutes a run)
          https        the same for a provider behind TLS: HTTP/2 next to HTTP/1.1; 2,000 clients that wait (about two minutes a run)
          slow-model   100 users of a model that takes 15 s, before a server on one core: waiting asynchronously, and blocking threads
                       (about two minutes a run)

          --runs N     runs of each side, in turn (default 5); fewer than 5 are printed, but not kept
          --plot       draws the pictures of docs/performance.md from the rows that are kept, also without a benchmark

        Each writes its rows into Benchmarks/RESULTS.md. All is on 127.0.0.1. Needed besides redis-server: Node.js with npm
        (all but growth, structured and slow-model), gcc (all but queue, growth and chat); the peers are installed below artifacts/peers,
        730 MB for chat and 310 MB for embeddings.
        """;

    public static async Task<int> Main(string[] args)
    {
        try
        {
            switch (args)
            {
                case [NoopWorker.Role]:
                    await NoopWorker.RunAsync();
                    return 0;
                case [Producer.Role, var inFlight]:
                    await Producer.RunAsync(int.Parse(inFlight, CultureInfo.InvariantCulture));
                    return 0;
                case [HangfireWorker.Role, var address]:
                    await HangfireWorker.RunAsync(address);
                    return 0;
                case [HangfireProducer.Role, var address, var inFlight]:
                    await HangfireProducer.RunAsync(address, int.Parse(inFlight, CultureInfo.InvariantCulture));
                    return 0;
                case [PassThrough.Role, var way, var port, var upstream]:
                    await PassThrough.RunAsync(way, port, upstream);
                    return 0;
                case [HttpsProvider.Role, var port, var certificateFile]:
                    await HttpsProvider.RunAsync(port, certificateFile);
                    return 0;
                case [RawLoop.Role, var texts, .. var layout]:
                    Console.WriteLine(RawLoop.Run(int.Parse(texts, CultureInfo.InvariantCulture), RawLoopLayout.Parse(layout)));
                    return 0;
                case [DeviceComparison.Role]:
                    await DeviceComparison.RunAsync();
                    return 0;
                case [BareDecoder.Role]:
                    BareDecoder.Run();
                    return 0;
                default:
                    return await RunAsync(args);
            }
        }
        catch (BenchmarkException failure)
        {
            await Console.Error.WriteLineAsync($"error: {failure.Message}");
            return 1;
        }
    }

    private static async Task<int> RunAsync(string[] args)
    {
        if (BenchmarkArguments.TryParse(args, Benchmarks.Keys) is not { } wanted)
        {
            Console.WriteLine(Usage);
            return args is [] or ["help" or "--help" or "-h"] ? 0 : 2;
        }

        // Started processes must be ended even on Ctrl-C.
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            foreach (var name in wanted.Names) await Benchmarks[name](wanted.Runs, stop.Token);
            if (wanted.Plots) PlotFiles.Write();
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 130;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }
}
