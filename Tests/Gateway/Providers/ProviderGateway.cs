using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers;

/// <summary>A Gateway, and the provider that it calls.</summary>
internal sealed class ProviderGateway : IAsyncDisposable
{
    private ProviderGateway(FakeProvider provider, GatewayHost gateway)
    {
        Provider = provider;
        Gateway = gateway;
    }

    public FakeProvider Provider { get; }

    public GatewayHost Gateway { get; }

    public static async Task<ProviderGateway> StartAsync(RedisServer redis, params string[] settings) =>
        await StartAsync(redis, await FakeProvider.StartAsync(), settings);

    public static async Task<ProviderGateway> StartAsync(RedisServer redis, FakeProvider provider, params string[] settings) =>
        new(provider, await GatewayHost.StartAsync(redis, provider.Settings(settings)));

    /// <summary>Sends a chat of one message.</summary>
    public async Task<ChatReply> ChatAsync(string more = "", string model = "gpt", params (string Name, string Value)[] headers)
    {
        using var request = ChatRequest(more, model, headers);
        using var response = await Gateway.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return new ChatReply(
            (int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), response.Headers);
    }

    public static HttpRequestMessage ChatRequest(string more = "", string model = "gpt", params (string Name, string Value)[] headers)
    {
        var body = $$"""{"model":"{{model}}","messages":[{"role":"user","content":"hi"}]{{(more.Length > 0 ? "," : "")}}{{more}}}""";
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Provider.DisposeAsync();
    }
}

/// <summary>The result of a chat.</summary>
internal sealed record ChatReply(int Status, string Body, HttpResponseHeaders Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string? ErrorCode => Json.GetProperty("error").GetProperty("code").GetString();

    public string Header(string name) => Headers.TryGetValues(name, out var values) ? string.Join(",", values) : "";
}
