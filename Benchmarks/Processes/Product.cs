using System.Globalization;
using AiPlatform.Benchmarks.Chat;
using AiPlatform.Benchmarks.Queue;

namespace AiPlatform.Benchmarks.Processes;

/// <summary>Starts the product's built processes, and this program in the role of one of them.</summary>
internal static class Product
{
    /// <summary>A worker whose jobs do nothing.</summary>
    public static Task<ChildProcess> StartNoopWorkerAsync(RedisUnderTest redis, CancellationToken cancellationToken) =>
        StartRoleAsync(redis, [NoopWorker.Role], cancellationToken);

    /// <summary>A Gateway that is controlled by standard input; see <see cref="ProducerCommand"/>.</summary>
    public static Task<ChildProcess> StartProducerAsync(RedisUnderTest redis, int inFlight, CancellationToken cancellationToken) =>
        StartRoleAsync(redis, [Producer.Role, inFlight.ToString(CultureInfo.InvariantCulture)], cancellationToken);

    /// <summary>
    /// A Gateway that listens on <paramref name="port"/>, once it knows the model. It is started with <paramref name="launcher"/>, such
    /// as <c>taskset -c 0,1</c>, and with these settings besides the usual ones.
    /// </summary>
    public static Task<ChildProcess> StartGatewayAsync(
        RedisUnderTest redis, int port, string model, IReadOnlyList<string> launcher, IReadOnlyList<(string Key, string Value)> settings,
        CancellationToken cancellationToken) =>
        Start("Gateway", redis, port, launcher, settings).OnceAsync(
            process => Waiting.UntilOkAsync(process, port, $"/v1/models/{model}", cancellationToken));

    /// <summary>
    /// An InferenceWorker that serves one model, once that is warm. It is started with <paramref name="launcher"/>.
    /// </summary>
    public static Task<ChildProcess> StartInferenceWorkerAsync(
        RedisUnderTest redis, string model, IReadOnlyList<string> launcher, CancellationToken cancellationToken)
    {
        var port = FreePort.Next();
        return Start("InferenceWorker", redis, port, launcher, [("Models__Load__0", model)]).OnceAsync(
            process => Waiting.UntilOkAsync(process, port, "/health", cancellationToken));
    }

    /// <summary>A bare loop that reads requests from standard input; see <see cref="BareDecoder"/>.</summary>
    public static Task<ChildProcess> StartBareDecoderAsync(CancellationToken cancellationToken) =>
        ChildProcess.Start("dotnet", [Checkout.Program("Benchmarks"), BareDecoder.Role])
            .OnceAsync(process => process.UntilAsync("ready", cancellationToken));

    private static Task<ChildProcess> StartRoleAsync(RedisUnderTest redis, string[] role, CancellationToken cancellationToken) =>
        Start("Benchmarks", redis, FreePort.Next(), [], [], role).OnceAsync(process => process.UntilAsync("ready", cancellationToken));

    private static ChildProcess Start(
        string project, RedisUnderTest redis, int port, IReadOnlyList<string> launcher, IReadOnlyList<(string Key, string Value)> settings,
        params string[] arguments)
    {
        string[] command = [.. launcher, "dotnet", Checkout.Program(project), .. arguments];
        return ChildProcess.Start(
            command[0], command[1..],
            [
                ("ConnectionStrings__redis", redis.Address), ("ASPNETCORE_URLS", $"http://127.0.0.1:{port}"), ("Models__Path", Checkout.Models),
                ("Logging__LogLevel__Default", "Warning"), ("DOTNET_ENVIRONMENT", "Production"), .. settings,
            ]);
    }
}
