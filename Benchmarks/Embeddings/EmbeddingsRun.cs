using System.Globalization;
using System.Text.Json;
using AiPlatform.Benchmarks.Processes;

namespace AiPlatform.Benchmarks.Embeddings;

/// <summary>One run: the product's processes and the load generator, or a bare loop; all of them on the same two cores.</summary>
internal sealed class EmbeddingsRun : IDisposable
{
    public const int Texts = 2_000;
    public const int Clients = 64;

    private const int WarmUpTexts = 500;

    private static readonly TimeSpan BareLimit = TimeSpan.FromMinutes(3);

    private static readonly string[] Launcher = Environment.ProcessorCount > 2 ? ["taskset", "-c", "0,1"] : [];

    private readonly string _bodies = Path.GetTempFileName();

    public EmbeddingsRun() => File.WriteAllLines(
        _bodies,
        BenchmarkTexts.Make(Texts).Select(text => JsonSerializer.Serialize(new { model = BenchmarkModel.Name, input = text, encoding_format = "base64" })));

    public async Task<LoadResult> MeasureAsync(CancellationToken cancellationToken)
    {
        await using var redis = await RedisUnderTest.StartAsync(Launcher, cancellationToken);
        await using var worker = await Product.StartInferenceWorkerAsync(redis, Launcher, cancellationToken);
        var port = FreePort.Next();
        await using var gateway = await Product.StartGatewayAsync(redis, port, BenchmarkModel.Name, Launcher, cancellationToken);

        await LoadAsync(WarmUpTexts);
        return await LoadAsync(Texts);

        Task<LoadResult> LoadAsync(int texts) => LoadGenerator.PostLinesAsync(
            new Load(port, "/v1/embeddings", Clients, texts), _bodies, "\"embedding\"", Launcher, cancellationToken);
    }

    /// <returns>Rows a second.</returns>
    public static async Task<double> MeasureBareAsync(RawLoopLayout layout, CancellationToken cancellationToken)
    {
        string[] command = [.. Launcher, "dotnet", Checkout.Program("Benchmarks"), RawLoop.Role, Texts.ToString(CultureInfo.InvariantCulture), .. layout.Arguments];
        return double.Parse(await ChildProcess.RunAsync(command[0], command[1..], BareLimit, cancellationToken), CultureInfo.InvariantCulture);
    }

    public void Dispose() => File.Delete(_bodies);
}
