using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Http;

/// <summary>Many clients that connect at once do not have to ask twice for their connections.</summary>
public sealed class BacklogTests(RedisServer redis) : IClassFixture<RedisServer>
{
    /// <summary>More than Kestrel lets wait by default.</summary>
    private const int Clients = 1_000;

    private const string SystemLimit = "/proc/sys/net/core/somaxconn";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connect_ManyBeforeTheGatewayAcceptsOne_AllAreConnected()
    {
        var most = int.Parse(await File.ReadAllTextAsync(SystemLimit, Ct), CultureInfo.InvariantCulture);
        Assert.SkipUnless(most >= Clients, $"The system lets {most} connections wait ({SystemLimit}).");
        using var http = new HttpClient();
        await using var sut = AiProcess.Start("Gateway", [("ConnectionStrings__redis", redis.ConnectionString)]);
        await sut.UntilReadyAsync(http);
        await sut.SignalAsync("-STOP");
        var clients = Enumerable.Range(0, Clients).Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp)).ToList();
        try
        {
            var connecting = clients.Select(client => client.ConnectAsync(IPAddress.Loopback, sut.Address.Port, Ct).AsTask());

            await Task.WhenAll(connecting).WaitAsync(TimeSpan.FromSeconds(30), Ct);
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
            await sut.SignalAsync("-CONT");
        }

        await sut.UntilReadyAsync(http);
    }
}
