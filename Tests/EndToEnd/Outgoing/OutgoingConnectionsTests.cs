using System.Net;
using AiPlatform.Tests.EndToEnd.Otlp;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace AiPlatform.Tests.EndToEnd.Outgoing;

/// <summary>The processes connect only to the addresses in their settings: none of their libraries reports to its makers.</summary>
public sealed class OutgoingConnectionsTests : IDisposable
{
    /// <summary>
    /// Longer than any library was seen to wait before it reports: MassTransit asks for its makers' address after five minutes.
    /// </summary>
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(6);

    private readonly string _folder = Directory.CreateTempSubdirectory("ai-outgoing-").FullName;

    [Fact]
    public async Task Life_FromStartToEnd_ConnectsToConfiguredEndpointsOnly() => await RunAsync(TimeSpan.Zero);

    [Fact]
    [Trait("Category", "Long")]
    public async Task Life_LongerThanAnyReportIsDelayed_ConnectsToConfiguredEndpointsOnly() => await RunAsync(LongestDelay);

    /// <summary>MassTransit reports late, so this also checks that its reports are off.</summary>
    [Fact]
    public async Task MassTransit_ItsTelemetry_IsOff()
    {
        await using var gateway = AiPlatform.Gateway.Program.Build([]);

        Assert.False(gateway.Services.GetRequiredService<IOptions<UsageTelemetryOptions>>().Value.Enabled);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task RunAsync(TimeSpan life)
    {
        var file = Path.Combine(_folder, "connections");
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var provider = await FakeProvider.StartAsync();
        await using var sut = await Platform.StartAsync(
            [
                .. receiver.Settings("grpc"), .. provider.Environment(),
                ("DOTNET_STARTUP_HOOKS", typeof(OutgoingConnectionsTests).Assembly.Location), (ConnectionListener.FileVariable, file),
            ]);
        int[] configured = [sut.Redis.Port, provider.Address.Port, new Uri(receiver.GrpcAddress).Port];

        await TracedCalls.EmbedAsync(sut.Http);
        await TracedCalls.ChatAsync(sut.Http, "gpt");
        await Poll.UntilAsync(
            () => configured.All(port => Seen(file).Contains(Connection(port))), () =>
                $"each is connected to: {string.Join("; ", Seen(file))}");
        var end = TimeProvider.System.GetUtcNow() + life;
        HashSet<IPEndPoint> sockets = [];
        await Poll.UntilAsync(
            () =>
            {
                foreach (var process in (AiProcess[])[sut.Gateway, sut.Worker])
                    sockets.UnionWith(OpenSockets.Of(process.Id, process.Address.Port));
                return TimeProvider.System.GetUtcNow() >= end;
            },
            "the processes lived long enough",
            life + TimeSpan.FromMinutes(1));
        Assert.Equal((0, 0), (await sut.Gateway.StopAsync(), await sut.Worker.StopAsync()));

        Assert.Empty(Seen(file).Except(configured.Select(Connection)));
        Assert.NotEmpty(sockets);
        Assert.All(sockets, socket => Assert.Contains(socket, configured.Select(port => new IPEndPoint(IPAddress.Loopback, port))));
    }

    private static string Connection(int port) => $"ConnectStart {new IPEndPoint(IPAddress.Loopback, port)}";

    /// <summary>Every line once, with its address as people write it.</summary>
    private static List<string> Seen(string file) => File.Exists(file) ? [.. File.ReadLines(file).Select(Readable).Distinct()] : [];

    /// <summary>The runtime writes an address as <c>InterNetwork:16:{port, port, address…}</c>.</summary>
    private static string Readable(string line)
    {
        if (line.IndexOf('{', StringComparison.Ordinal) is var at && at < 0) return line;

        var bytes = line[(at + 1)..line.IndexOf('}', at)].Split(',').Select(byte.Parse).ToArray();
        var address = line.Contains("InterNetworkV6", StringComparison.Ordinal) ? new IPAddress(bytes[6..22]) : new IPAddress(bytes[2..6]);
        return $"ConnectStart {new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, (bytes[0] << 8) | bytes[1])}";
    }
}
