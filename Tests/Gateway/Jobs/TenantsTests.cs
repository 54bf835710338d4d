using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Jobs;

/// <summary>Another tenant's jobs do not exist for a caller, not even for an operator.</summary>
public sealed class TenantsTests(KeyedGatewayFixture fixture) : IClassFixture<KeyedGatewayFixture>
{
    private readonly GatewayHost _gateway = fixture.Gateway;

    public static TheoryData<string, string> RoutesOfAJob { get; } = new()
    {
        { "GET", "" }, { "GET", "?wait=30" }, { "DELETE", "" }, { "POST", "/retry" }, { "GET", "/events" },
    };

    [Theory]
    [MemberData(nameof(RoutesOfAJob))]
    public async Task AnotherTenantsJob_AnyRoute_Answers404AtOnceAndDoesNothing(string method, string rest)
    {
        var model = RedisServer.Unique("tenants");
        await _gateway.ServeAsync(model);
        using var owner = fixture.User.ClientOf(_gateway);
        var id = await owner.SubmitForIdAsync(model);
        var start = Stopwatch.GetTimestamp();

        foreach (var key in (TestKey[])[fixture.OtherUser, fixture.Operator])
        {
            using var stranger = key.ClientOf(_gateway);
            await stranger.RefusesAsync(new HttpMethod(method), $"/v1/jobs/{id}{rest}", HttpStatusCode.NotFound, "job_not_found");
        }

        // A wait alone would show that the job exists.
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(20));
        var (_, job) = await owner.SendAsync(HttpMethod.Get, $"/v1/jobs/{id}");
        Assert.Equal("queued", job.GetProperty("status").GetString());
    }

    [Fact]
    public async Task AnotherTenantsFailedJob_Retry_Answers404AndLeavesItFailed()
    {
        var model = RedisServer.Unique("tenants");
        await _gateway.ServeAsync(model);
        using var owner = fixture.User.ClientOf(_gateway);
        using var stranger = fixture.OtherUser.ClientOf(_gateway);
        var id = await owner.SubmitForIdAsync(model);
        await owner.SendAsync(HttpMethod.Delete, $"/v1/jobs/{id}");

        await stranger.RefusesAsync(HttpMethod.Post, $"/v1/jobs/{id}/retry", HttpStatusCode.NotFound, "job_not_found");

        var (_, job) = await owner.SendAsync(HttpMethod.Get, $"/v1/jobs/{id}");
        Assert.Equal("canceled", job.GetProperty("status").GetString());
    }

    [Fact]
    public async Task OwnJob_AnyTenant_IsRunAndRead()
    {
        var model = RedisServer.Unique("tenants");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);

        foreach (var key in (TestKey[])[fixture.User, fixture.OtherUser, fixture.Operator])
        {
            using var client = key.ClientOf(_gateway);
            var id = await client.SubmitForIdAsync(model);

            var (_, job) = await client.SendAsync(HttpMethod.Get, $"/v1/jobs/{id}?wait=30");
            Assert.Equal("succeeded", job.GetProperty("status").GetString());
        }
    }

    [Fact]
    public async Task SynchronousCall_WithAKey_IsItsTenantsJob()
    {
        var model = RedisServer.Unique("tenants");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        using var owner = fixture.User.ClientOf(_gateway);
        using var stranger = fixture.OtherUser.ClientOf(_gateway);

        using var response = await owner.PostAsync("/v1/embeddings", JsonContent.Create(new { model, input = "a" }));
        var id = response.Headers.GetValues("X-Job-Id").Single();

        var (status, job) = await owner.SendAsync(HttpMethod.Get, $"/v1/jobs/{id}");
        Assert.Equal((HttpStatusCode.OK, "interactive"), (status, job.GetProperty("lane").GetString()));
        await stranger.RefusesAsync(HttpMethod.Get, $"/v1/jobs/{id}", HttpStatusCode.NotFound, "job_not_found");
    }
}
