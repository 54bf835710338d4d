using System.ClientModel;
using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AiPlatform.Client;
using Microsoft.Extensions.AI;
using Xunit;
using RawFormat = OpenAI.Chat.ChatResponseFormat;
using RawOptions = OpenAI.Chat.ChatCompletionOptions;

namespace AiPlatform.Tests.Client;

/// <summary>The schemas of answers and tools, as they leave the client.</summary>
public sealed class WholeSchemaTests : IDisposable
{
    private const string Tool = """
        {"type":"object","properties":{"city":{"type":"string","maxLength":20,"pattern":"^[A-Z]","enum":["Oslo","Rome"]},
         "days":{"type":"integer","minimum":1,"maximum":9}},"required":["city"],"additionalProperties":false}
        """;

    private readonly Wire _wire = new();
    private readonly AiPlatformClient _client;

    public WholeSchemaTests() => _client = new AiPlatformClient(new AiPlatformClientOptions { Model = "m" }, _wire);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _wire.Dispose();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Chat_TypedAnswer_SendsEveryKeywordOfTheSchema(bool isDurable, bool isStream)
    {
        var sent = await SentAsync(isDurable, isStream, new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema<Ticket>() });

        AssertTicket(sent["response_format"]!["json_schema"]!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task GetResponse_OfAType_SendsEveryKeywordOfItsSchema(bool isDurable)
    {
        var sut = isDurable ? _client.GetDurableChatClient() : _client.GetChatClient();

        await Assert.ThrowsAsync<ClientResultException>(() => sut.GetResponseAsync<Ticket>("It is broken.", cancellationToken: Ct));

        AssertTicket(_wire.Call["response_format"]!["json_schema"]!);
    }

    [Fact]
    public async Task Chat_OpenSchema_IsClosedAndComplete()
    {
        var schema = JsonDocument.Parse("""{"type":"object","properties":{"a":{"type":"string","maxLength":3},"b":true}}""").RootElement;
        var options = new ChatOptions
        {
            ResponseFormat = ChatResponseFormat.ForJsonSchema(schema, "pair", "Two values."),
            AdditionalProperties = new() { ["strict"] = true },
        };

        var sent = (await SentAsync(isDurable: false, isStream: false, options))["response_format"]!["json_schema"]!;

        AssertJson(
            """
            {"name":"pair","description":"Two values.","strict":true,"schema":{"type":"object","properties":
             {"a":{"type":"string","maxLength":3},"b":{}},"additionalProperties":false,"required":["a","b"]}}
            """,
            sent);
    }

    [Fact]
    public async Task Chat_RequestOfTheCaller_KeepsWhatItSets()
    {
        var options = new ChatOptions
        {
            ResponseFormat = ChatResponseFormat.ForJsonSchema<Ticket>(),
            RawRepresentationFactory = _ => new RawOptions { EndUserId = "someone" },
        };
        var filled = await SentAsync(isDurable: true, isStream: false, options);
        options.RawRepresentationFactory = _ => new RawOptions { ResponseFormat = RawFormat.CreateJsonObjectFormat() };
        var own = await SentAsync(isDurable: false, isStream: true, options);

        Assert.Equal("someone", (string?)filled["user"]);
        AssertTicket(filled["response_format"]!["json_schema"]!);
        AssertJson("""{"type":"json_object"}""", own["response_format"]!);
    }

    [Fact]
    public async Task Chat_FormatsWithoutASchema_AreSentAsTheyAre()
    {
        var json = await SentAsync(isDurable: false, isStream: false, new ChatOptions { ResponseFormat = ChatResponseFormat.Json });
        var none = await SentAsync(isDurable: false, isStream: false, options: null);

        AssertJson("""{"type":"json_object"}""", json["response_format"]!);
        Assert.Null(none["response_format"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_Tools_SendEveryKeywordOfTheirSchema(bool isDurable)
    {
        var tool = AIFunctionFactory.CreateDeclaration("weather", "The weather.", JsonDocument.Parse(Tool).RootElement);

        var sent = await SentAsync(isDurable, isStream: false, new ChatOptions { Tools = [tool] });

        AssertJson(Tool, sent["tools"]![0]!["function"]!["parameters"]!);
    }

    private static void AssertTicket(JsonNode format)
    {
        var schema = format["schema"]!;
        AssertJson(
            """
            {"summary":{"type":"string","minLength":2,"maxLength":40},"number":{"type":"string","pattern":"^[A-Z]{3}-[0-9]{1,6}$"},
             "urgency":{"type":"integer","minimum":1,"maximum":5},"kind":{"type":"string","enum":["Bug","Wish"]}}
            """,
            schema["properties"]!);
        AssertJson("""["summary","number","urgency","kind"]""", schema["required"]!);
        Assert.False((bool)schema["additionalProperties"]!);
        Assert.Null(format["strict"]);
    }

    private static void AssertJson(string expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual.ToJsonString());

    /// <summary>The call that a chat sends, or that its job has.</summary>
    private async Task<JsonNode> SentAsync(bool isDurable, bool isStream, ChatOptions? options)
    {
        var sut = isDurable ? _client.GetDurableChatClient() : _client.GetChatClient();
        await Assert.ThrowsAsync<ClientResultException>(() => isStream
            ? sut.GetStreamingResponseAsync("It is broken.", options, Ct).ToChatResponseAsync(Ct)
            : sut.GetResponseAsync("It is broken.", options, Ct));
        return _wire.Call;
    }

    private sealed record Ticket(
        [property: MinLength(2), MaxLength(40)] string Summary,
        [property: RegularExpression("^[A-Z]{3}-[0-9]{1,6}$")] string Number,
        [property: Range(1, 5)] int Urgency,
        Kind Kind);

    [JsonConverter(typeof(JsonStringEnumConverter<Kind>))]
    private enum Kind
    {
        Bug,
        Wish,
    }

    /// <summary>Keeps what is sent, and refuses it: the answer does not matter here.</summary>
    private sealed class Wire : HttpMessageHandler
    {
        private JsonNode? _sent;

        /// <summary>The last call, whether it came by itself or as a job.</summary>
        public JsonNode Call => _sent!["body"] ?? _sent;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _sent = JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken));
            return new HttpResponseMessage(HttpStatusCode.BadRequest)
            {
                Content = new StringContent("""{"error":{"message":"No.","type":"invalid_request_error"}}""", Encoding.UTF8, "application/json"),
            };
        }
    }
}
