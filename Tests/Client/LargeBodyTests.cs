using System.ClientModel;
using System.Net;
using System.Text.Json;
using AiPlatform.Client;
using AiPlatform.Client.Jobs;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Client;

/// <summary>Bodies over the Gateway's limit, which is 4 MiB.</summary>
public sealed class LargeBodyTests(GatewayFixture gateway) : IClassFixture<GatewayFixture>
{
    private static readonly string Text = new('a', 24 * 1024 * 1024);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Body_OverTheLimit_IsRefusedBeforeItIsSent()
    {
        using var sut = new AiPlatformClient(new AiPlatformClientOptions { Endpoint = gateway.Gateway.Address, MaxRetries = 0 });
        var body = JsonSerializer.SerializeToElement(new { model = "m", input = Text });

        for (var i = 0; i < 5; i++)
        {
            var job = await Assert.ThrowsAsync<AiPlatformException>(
                () => sut.Jobs.SubmitAsync(new JobRequest { Endpoint = "/v1/embeddings", Body = body }, Ct));
            var call = await Assert.ThrowsAsync<ClientResultException>(
                () => sut.GetEmbeddingGenerator("m").GenerateAsync([Text], cancellationToken: Ct));

            Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "payload_too_large"), (job.Status, job.Code));
            Assert.Equal(413, call.Status);
        }
    }
}
