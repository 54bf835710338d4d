using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

/// <summary>Calls a Gateway as a client that traces its calls.</summary>
internal static class TracedCalls
{
    /// <summary>The caller's own span, which is the root of every trace.</summary>
    public const string CallersSpan = "00f067aa0ba902b7";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Embeds a text as part of a trace of its own, and returns the trace's id.</summary>
    public static async Task<string> EmbedAsync(HttpClient http, string text = "hello there", HttpStatusCode status = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/embeddings")
        {
            Content = JsonContent.Create(new { model = Platform.Model, input = text }),
        };
        var trace = Traced(request);
        using var reply = await http.SendAsync(request, Ct);
        Assert.Equal(status, reply.StatusCode);
        return trace;
    }

    /// <summary>Sends a chat as part of a trace of its own, and returns the trace's id.</summary>
    public static async Task<string> ChatAsync(
        HttpClient http, string model, string more = "", params (string Name, string Value)[] headers)
    {
        var body = $$"""{"model":"{{model}}","messages":[{"role":"user","content":"hi"}]{{more}}}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        var trace = Traced(request);
        using var reply = await http.SendAsync(request, Ct);
        await reply.Content.ReadAsStringAsync(Ct);
        return trace;
    }

    private static string Traced(HttpRequestMessage request)
    {
        var trace = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        request.Headers.Add("traceparent", $"00-{trace}-{CallersSpan}-01");
        return trace;
    }
}
