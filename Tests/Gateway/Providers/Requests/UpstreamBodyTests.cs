using System.Text;
using System.Text.Json.Nodes;
using AiPlatform.Gateway.Providers.Configuration;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Jobs.Tasks.Chat;
using Xunit;

namespace AiPlatform.Tests.Gateway.Providers.Requests;

public sealed class UpstreamBodyTests
{
    [Fact]
    public void Write_SameNameAndNothingToAdd_IsTheCallersBytes()
    {
        var request = Parse("""{ "messages" : [ {"role":"user","content":"\u00e4 é 1.0e0"} ] , "model":"gpt", "x": 1.00 }""");

        var body = UpstreamBody.Write(request, Model("gpt", null), asksUsage: false, []);

        Assert.True(body.Span.SequenceEqual(request.Body.Span));
    }

    [Theory]
    [InlineData("""{"model":"gpt","messages":[{}],"x":[1,{"model":"inner"}]}""")]
    [InlineData("""{"messages":[{}],"x":"\"model\":\"gpt\"","model":"gpt"}""")]
    [InlineData("""{"include_raw_answer":true,"model":"gpt","messages":[{}]}""")]
    [InlineData("""{ "include_raw_answer" : true , "model":"gpt","messages":[{}]}""")]
    [InlineData("""{"model":"gpt" , "include_raw_answer":false ,"messages":[{}]}""")]
    [InlineData("""{"model":"gpt","messages":[{}],"include_raw_answer":true}""")]
    [InlineData("""{"model":"gpt","messages":[{"content":"]"}],"stream":true,"stream_options":{"include_usage":false,"include_obfuscation":false}}""")]
    [InlineData("""{"model":"gpt","messages":[{}],"stream":true,"stream_options":{}}""")]
    [InlineData("""{"model":"gpt","messages":[{}],"stream":true,"stream_options":null}""")]
    [InlineData("""{"model":"gpt","messages":[{}],"stream":true}  """)]
    public void Write_Edited_IsTheRequestWithTheEdits(string text)
    {
        var request = Parse(text);
        var asksUsage = request.Streams;
        var expected = JsonNode.Parse(text)!.AsObject();
        expected["model"] = "gpt-\"upstream\"";
        expected.Remove("include_raw_answer");
        expected["messages"]!.AsArray().Add(JsonNode.Parse("""{"role":"user","content":"again"}"""));
        if (asksUsage)
        {
            var options = expected["stream_options"]?.DeepClone() ?? new JsonObject();
            options["include_usage"] = true;
            expected["stream_options"] = options;
        }

        var body = UpstreamBody.Write(request, Model("gpt", "gpt-\"upstream\""), asksUsage, [.. new[] { """{"role":"user","content":"again"}"""u8.ToArray() }]);

        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(body.Span)), Encoding.UTF8.GetString(body.Span));
    }

    private static ProviderRequest Parse(string text) =>
        ProviderRequestParser.Parse(ChatTask.Endpoint, Encoding.UTF8.GetBytes(text)).Request!;

    private static ProviderModel Model(string name, string? upstream) => new(
        name, new Provider("p", new ProviderOptions { BaseUrl = new Uri("http://127.0.0.1/v1") }, TimeProvider.System), new ProviderModelOptions { UpstreamModel = upstream });
}
