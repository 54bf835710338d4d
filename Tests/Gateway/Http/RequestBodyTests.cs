using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Http;

/// <summary>
/// Bodies that are framed, compressed, truncated or nested in every way. Whatever a client sends, the answer is not a 500.
/// </summary>
public sealed class RequestBodyTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private const int MaxBodyBytes = 4 * 1024 * 1024;

    private readonly GatewayHost _gateway = fixture.Gateway;

    private static string[] BodyRoutes =>
    [
        "/v1/embeddings", "/v1/chat/completions", "/v1/completions", "/v1/tokenize", "/v1/detokenize", "/v1/jobs", "/ask-ai", "/generate",
    ];

    public static TheoryData<string, string> Malformed { get; } = Everywhere(
        "80000000\r\n{",
        "FFFFFFFFFFFFFFFFF\r\n{",
        "-1\r\n{}\r\n0\r\n\r\n",
        "zz\r\n{}\r\n0\r\n\r\n",
        "\r\n\r\n",
        "2\r\n{}XX0\r\n\r\n",
        "2;\u0000=\"\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\nno trailer\r\n\r\n",
        "2 2\r\n{}\r\n0\r\n\r\n");

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Post_MalformedChunks_Answers400(string path, string chunks)
    {
        var (status, text) = await _gateway.SendBytesAsync(Encoding.Latin1.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"));

        Assert.Equal(400, status);
        Assert.Contains("\"code\":\"invalid_request\"", text, StringComparison.Ordinal);
        // The server takes a chunk with an odd extension, and its body is only not a call.
        var isRead = chunks.StartsWith("2;", StringComparison.Ordinal);
        Assert.Equal(!isRead, text.Contains("The body cannot be read: it ends early, or its length, its chunks", StringComparison.Ordinal));
    }

    /// <summary>What the server itself refuses, before there is a route: the status is right, and it serves on.</summary>
    [Theory]
    [InlineData("GET /v1/models%00 HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /v1/models/%ff%fe%00 HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: local host\r\n\r\n")]
    [InlineData("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}")]
    [InlineData("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n{}")]
    [InlineData("nonsense\r\n\r\n")]
    public async Task Send_NotARequest_Answers400(string request)
    {
        var (status, _) = await _gateway.SendBytesAsync(Encoding.Latin1.GetBytes(request));

        Assert.Equal(400, status);
    }

    [Fact]
    public async Task Send_HugeHeaders_Answers431()
    {
        var (large, _) = await _gateway.SendRawAsync("GET /v1/models", [$"X-Large: {new string('x', 40_000)}"]);
        var (many, _) = await _gateway.SendRawAsync("GET /v1/models", [.. Enumerable.Range(0, 200).Select(i => $"X-{i}: 1")]);

        Assert.Equal((431, 431), (large, many));
    }

    /// <summary>Kestrel gives a body five seconds to start, and wants some bytes a second from then on.</summary>
    [Theory]
    [InlineData("/v1/embeddings")]
    [InlineData("/v1/jobs")]
    public async Task Post_BodyThatDoesNotCome_Answers408(string path)
    {
        var (status, text) = await _gateway.SendBytesAsync(Encoding.Latin1.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"));

        Assert.Equal(408, status);
        Assert.Contains("request_timeout", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZIP")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task Post_Compressed_IsReadAsItWas(string encoding)
    {
        var model = RedisServer.Unique("gzip");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        var json = Encoding.UTF8.GetBytes($$"""{"model":"{{model}}","input":"Grüße"}""");

        using var plain = await PostAsync("/v1/embeddings", json, encoding: null);
        using var compressed = await PostAsync("/v1/embeddings", Compress(json, encoding), encoding);
        using var job = await PostAsync("/v1/jobs", Compress(Encoding.UTF8.GetBytes($$"""{"endpoint":"/v1/embeddings","body":{{Encoding.UTF8.GetString(json)}} }"""), encoding), encoding);

        Assert.Equal(
            (HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Accepted), (plain.StatusCode, compressed.StatusCode, job.StatusCode));
        Assert.Equal(await plain.Content.ReadAsStringAsync(), await compressed.Content.ReadAsStringAsync());
    }

    /// <summary>Zeros are a thousandth of themselves when compressed. What is expanded is counted, up to the limit.</summary>
    [Theory]
    [InlineData("gzip", "/v1/embeddings")]
    [InlineData("br", "/v1/jobs")]
    [InlineData("deflate", "/generate")]
    public async Task Post_CompressedBomb_Answers413(string encoding, string path)
    {
        var bomb = Compress(new byte[16 * MaxBodyBytes], encoding);
        Assert.InRange(bomb.Length, 1, MaxBodyBytes / 10);

        using var response = await PostAsync(path, bomb, encoding);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("payload_too_large", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task Post_CompressionIsDamaged_Answers400(string encoding)
    {
        foreach (var path in BodyRoutes)
        {
            using var noise = await PostAsync(path, "no compression at all, but text"u8.ToArray(), encoding);
            using var cut = await PostAsync(
                path, Compress(Encoding.UTF8.GetBytes(new string(' ', 10_000) + "{}"), encoding)[..^4], encoding);

            Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (noise.StatusCode, cut.StatusCode));
        }
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("gzip, br")]
    [InlineData("identity, gzip")]
    [InlineData("x-nothing")]
    public async Task Post_UnknownEncoding_Answers415ThatNamesTheKnown(string encoding)
    {
        foreach (var path in BodyRoutes)
        {
            using var response = await PostAsync(path, "{}"u8.ToArray(), encoding);

            Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
            Assert.Contains("gzip, br or deflate", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Equal("gzip, br, deflate", string.Join(", ", response.Headers.GetValues("Accept-Encoding")));
        }
    }

    [Fact]
    public async Task Post_IdentityEncoding_IsRead()
    {
        using var response = await PostAsync("/v1/embeddings", "{}"u8.ToArray(), "identity");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Post_NoContentType_Answers415OrSaysThatThereIsNoBody()
    {
        foreach (var path in BodyRoutes)
        {
            using var withoutType = await _gateway.Client.PostAsync(path, new ByteArrayContent("{}"u8.ToArray()));
            using var withoutBody = await _gateway.Client.PostAsync(path, content: null);

            Assert.Equal(
                (HttpStatusCode.UnsupportedMediaType, HttpStatusCode.BadRequest), (withoutType.StatusCode, withoutBody.StatusCode));
            Assert.Contains("Content-Type: application/json", await withoutType.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Contains("has no body", await withoutBody.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Post_ByteOrderMark_IsPassedOver()
    {
        var model = RedisServer.Unique("mark");
        await using var worker = await FakeWorker.StartAsync(_gateway, model);
        byte[] call = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes($$"""{"model":"{{model}}","input":"a"}""")];
        byte[] job = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes($$"""{"endpoint":"/v1/embeddings","body":{"model":"{{model}}","input":"a"} }""")];

        using var answered = await PostAsync("/v1/embeddings", call, encoding: null);
        using var accepted = await PostAsync("/v1/jobs", job, encoding: null);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Accepted), (answered.StatusCode, accepted.StatusCode));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(200_000)]
    public async Task Post_DeepJson_SaysTheDepthAndTheLimit(int depth)
    {
        var deep = $$"""{"model":"nobody","input":"a","prompt":"a","deep":{{new string('[', depth - 1)}}{{new string(']', depth - 1)}} }""";
        foreach (var path in BodyRoutes.Where(path => path != "/ask-ai"))
        {
            using var response = await PostAsync(path, Encoding.UTF8.GetBytes(deep), encoding: null);

            var text = await response.Content.ReadAsStringAsync();
            Assert.InRange((int)response.StatusCode, 400, 404);
            Assert.Equal(depth > 64, text.Contains($"nested {depth} deep; the limit is 64", StringComparison.Ordinal));
            Assert.DoesNotContain("not valid JSON", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Document_SaysWhatABodyMayBe()
    {
        var document = await _gateway.Client.GetFromJsonAsync<JsonElement>("/openapi/v1.json");

        var description = document.GetProperty("info").GetProperty("description").GetString()!;
        Assert.Contains("64 deep", description, StringComparison.Ordinal);
        Assert.Contains("gzip, br or deflate", description, StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, byte[] body, string? encoding)
    {
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        if (encoding is not null) content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        return await _gateway.Client.PostAsync(path, content);
    }

    private static byte[] Compress(byte[] body, string encoding)
    {
        var compressed = new MemoryStream();
        using (Stream stream = encoding.ToLowerInvariant() switch
        {
            "gzip" => new GZipStream(compressed, CompressionLevel.Optimal),
            "br" => new BrotliStream(compressed, CompressionLevel.Fastest),
            _ => new ZLibStream(compressed, CompressionLevel.Optimal),
        })
        {
            stream.Write(body);
        }

        return compressed.ToArray();
    }

    private static TheoryData<string, string> Everywhere(params string[] cases)
    {
        var data = new TheoryData<string, string>();
        foreach (var path in BodyRoutes)
            foreach (var chunks in cases) data.Add(path, chunks);
        return data;
    }
}
