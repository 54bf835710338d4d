using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.Testing;
using Xunit;

namespace NAME-SPACE.Tests;

/// <summary>Starts the whole system, and calls the service.</summary>
public sealed class ReviewTests
{
    /// <summary>The first start loads images or builds the server, which prints nothing here.</summary>
    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(20);

    [Fact]
    public async Task Review_HasATypedAnswer()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.CLASS-NAME_AppHost>(cancellationToken);
        await using var app = await builder.BuildAsync(cancellationToken);
        await app.StartAsync(cancellationToken);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("service", cancellationToken).WaitAsync(StartBound, cancellationToken);
        using var http = app.CreateHttpClient("service");

        using var reply = await http.PostAsJsonAsync("/reviews", new { text = "I could not put it down!" }, cancellationToken);

        var said = await reply.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(reply.StatusCode == HttpStatusCode.OK, said);
        var verdict = JsonDocument.Parse(said).RootElement;
        Assert.Contains(verdict.GetProperty("sentiment").GetString(), (string[])["Negative", "Neutral", "Positive"]);
    }
}
