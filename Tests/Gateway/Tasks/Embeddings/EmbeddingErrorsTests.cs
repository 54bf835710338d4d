using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Tasks.Embeddings;

public sealed class EmbeddingErrorsTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private const string Path = "/v1/embeddings";

    private readonly GatewayHost _gateway = fixture.Gateway;

    public static TheoryData<string, string> BadFields => BadEmbeddingRequests.Fields;

    public static TheoryData<byte[]> BadBodies => BadEmbeddingRequests.Bodies;

    [Theory]
    [MemberData(nameof(BadFields))]
    public async Task PostEmbeddings_BadField_Answers400ThatNamesIt(string json, string param)
    {
        using var response = await _gateway.PostTextAsync(Path, json);

        await AssertErrorAsync(response, HttpStatusCode.BadRequest, "invalid_request_error", "invalid_request", param);
    }

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task PostEmbeddings_NotAnObject_Answers400(byte[] body)
    {
        using var response = await PostBytesAsync(body, "application/json");

        await AssertErrorAsync(response, HttpStatusCode.BadRequest, "invalid_request_error", "invalid_request", param: null);
    }

    [Fact]
    public async Task PostEmbeddings_UnknownModel_Answers404ThatNamesWhatIsServed()
    {
        var model = RedisServer.Unique("served");
        await _gateway.ServeAsync(model);

        using var response = await _gateway.PostAsync(Path, new { model = "nobody", input = "a" });

        var message = await AssertErrorAsync(response, HttpStatusCode.NotFound, "invalid_request_error", "model_not_found", "model");
        Assert.Contains(model, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostEmbeddings_MoreDimensionsThanTheModel_Answers400WithTheNumbers()
    {
        var model = RedisServer.Unique("dimensions");
        await _gateway.ServeAsync(model, dimensions: 384);

        using var response = await _gateway.PostAsync(Path, new { model, input = "a", dimensions = 385 });

        var message = await AssertErrorAsync(response, HttpStatusCode.BadRequest, "invalid_request_error", "invalid_request", "dimensions");
        Assert.Contains("385", message, StringComparison.Ordinal);
        Assert.Contains("384", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostEmbeddings_ModelOfAnotherTask_Answers400()
    {
        var model = RedisServer.Unique("chat");
        await _gateway.ServeAsync(model, dimensions: null, task: "text-generation");

        using var response = await _gateway.PostAsync(Path, new { model, input = "a" });

        await AssertErrorAsync(response, HttpStatusCode.BadRequest, "invalid_request_error", "invalid_request", "model");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData(null)]
    public async Task PostEmbeddings_NotJsonByItsType_Answers415(string? contentType)
    {
        using var response = await PostBytesAsync("{}"u8.ToArray(), contentType);

        await AssertErrorAsync(
            response, HttpStatusCode.UnsupportedMediaType, "invalid_request_error", "unsupported_media_type", param: null);
    }

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON")]
    public async Task PostEmbeddings_Json_IsRead(string contentType)
    {
        using var response = await PostBytesAsync("{}"u8.ToArray(), contentType);

        await AssertErrorAsync(response, HttpStatusCode.BadRequest, "invalid_request_error", "invalid_request", "model");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PostEmbeddings_BodyOverTheLimit_Answers413AndServesOn(bool chunked)
    {
        var json = $$"""{"model":"m","input":"{{new string('x', 4 * 1024 * 1024)}}"}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        request.Headers.TransferEncodingChunked = chunked;
        request.Headers.ExpectContinue = true;

        using var response = await _gateway.Client.SendAsync(request);

        await AssertErrorAsync(response, HttpStatusCode.RequestEntityTooLarge, "invalid_request_error", "payload_too_large", param: null);
        using var alive = await _gateway.Client.GetAsync("/alive");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/v1/embeddings", 405, "method_not_allowed")]
    [InlineData("DELETE", "/v1/models", 405, "method_not_allowed")]
    [InlineData("GET", "/v1/nothing", 404, "not_found")]
    [InlineData("POST", "/v1/", 404, "not_found")]
    [InlineData("GET", "/v1/models/nobody/here", 404, "model_not_found")]
    public async Task AnyRoute_NotOurs_AnswersInOpenAIsForm(string method, string path, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var response = await _gateway.Client.SendAsync(request);

        var error = await ErrorAsync(response);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, error.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("soon")]
    [InlineData("NaN")]
    [InlineData("1e3")]
    [InlineData("1,5")]
    [InlineData("0x1")]
    [InlineData("Infinity")]
    [InlineData("-0.0")]
    [InlineData(" ")]
    public async Task PostEmbeddings_BadTimeout_Answers400(string timeout)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = JsonContent.Create(new { model = "m", input = "a" }),
        };
        request.Headers.TryAddWithoutValidation("X-Request-Timeout", timeout);

        using var response = await _gateway.Client.SendAsync(request);

        if (string.IsNullOrWhiteSpace(timeout))
        {
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
        else
        {
            var message = await AssertErrorAsync(
                response, HttpStatusCode.BadRequest, "invalid_request_error", "invalid_request", "X-Request-Timeout");
            Assert.Contains("above 0, such as 2.5. A time longer than 600 s", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task PostEmbeddings_TimeoutTwiceOrWithoutEnd_Answers400()
    {
        foreach (var timeouts in (string[][])[["1", "1"], [new string('9', 10_000)]])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Path)
            {
                Content = JsonContent.Create(new { model = "m", input = "a" }),
            };
            request.Headers.TryAddWithoutValidation("X-Request-Timeout", timeouts);

            using var response = await _gateway.Client.SendAsync(request);

            var message = await AssertErrorAsync(
                response, HttpStatusCode.BadRequest, "invalid_request_error", "invalid_request", "X-Request-Timeout");
            Assert.InRange(message.Length, 1, 200);
        }
    }

    private async Task<HttpResponseMessage> PostBytesAsync(byte[] body, string? contentType)
    {
        var content = new ByteArrayContent(body);
        if (contentType is not null) content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return await _gateway.Client.PostAsync(Path, content);
    }

    private static async Task<string> AssertErrorAsync(
        HttpResponseMessage response, HttpStatusCode status, string type, string code, string? param)
    {
        var error = await ErrorAsync(response);
        Assert.Equal(status, response.StatusCode);
        Assert.Equal(
            (type, code, param),
            (error.GetProperty("type").GetString(), error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        return error.GetProperty("message").GetString()!;
    }

    private static async Task<JsonElement> ErrorAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        var error = body.GetProperty("error");
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(one => one.Name));
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        return error;
    }
}
