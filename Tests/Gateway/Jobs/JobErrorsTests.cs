using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.Gateway.Fixtures;
using AiPlatform.Tests.Gateway.Tasks.Embeddings;
using Xunit;

namespace AiPlatform.Tests.Gateway.Jobs;

public sealed class JobErrorsTests(GatewayFixture fixture) : IClassFixture<GatewayFixture>
{
    private const string Path = "/v1/jobs";
    private const string Call = """ "endpoint":"/v1/embeddings","body":{"model":"m","input":"a"} """;

    private readonly GatewayHost _gateway = fixture.Gateway;

    public static TheoryData<string, string> BadCalls => BadEmbeddingRequests.Fields;

    public static TheoryData<string, string> BadFields { get; } = new()
    {
        { """{"body":{"model":"m","input":"a"}}""", "endpoint" },
        { """{"endpoint":"/v1/rerank","body":{"model":"m","input":"a"}}""", "endpoint" },
        { """{"endpoint":null,"body":{"model":"m","input":"a"}}""", "endpoint" },
        { """{"endpoint":"/v1/embeddings"}""", "body" },
        { """{"endpoint":"/v1/embeddings","body":null}""", "body" },
        { """{"endpoint":"/v1/embeddings","body":"{}"}""", "body" },
        { $$"""{{{Call}},"unknown":1}""", "unknown" },
        { $$"""{{{Call}},"Lane":"default"}""", "Lane" },
        { $$"""{{{Call}},"lane":"express"}""", "lane" },
        { $$"""{{{Call}},"lane":1}""", "lane" },
        { $$"""{{{Call}},"webhook":"https://example.com"}""", "webhook" },
        { $$"""{{{Call}},"deadline_seconds":0}""", "deadline_seconds" },
        { $$"""{{{Call}},"deadline_seconds":-1}""", "deadline_seconds" },
        { $$"""{{{Call}},"deadline_seconds":604801}""", "deadline_seconds" },
        { $$"""{{{Call}},"deadline_seconds":1e999}""", "deadline_seconds" },
        { $$"""{{{Call}},"deadline_seconds":-0.0}""", "deadline_seconds" },
        { $$"""{{{Call}},"deadline_seconds":{{new string('9', 400)}} }""", "deadline_seconds" },
        { $$"""{{{Call}},"deadline_seconds":"60"}""", "deadline_seconds" },
        { $$"""{{{Call}},"deadline_seconds":"2020-01-01T00:00:00Z"}""", "deadline_seconds" },
        { $$"""{{{Call}},"deadline_seconds":[1]}""", "deadline_seconds" },
        { $$"""{{{Call}},"endpoint":"/v1/embeddings"}""", "endpoint" },
        { $$"""{{{Call}},"lane":"batch","lane":"batch"}""", "lane" },
        { $$"""{{{Call}},"metadata":{"a":"b","a":"b"} }""", "metadata.a" },
        { $$"""{{{Call}},"metadata":[]}""", "metadata" },
        { $$"""{{{Call}},"metadata":{"a":1} }""", "metadata.a" },
        { $$"""{{{Call}},"metadata":{"a":null} }""", "metadata.a" },
        { $$"""{{{Call}},"metadata":{"a":"\ud800"} }""", "metadata.a" },
        { $$"""{{{Call}},"metadata":{"\ud800":"a"} }""", "metadata" },
        { $$"""{{{Call}},"metadata":{"":"a"} }""", "metadata" },
        { $$"""{{{Call}},"metadata":{"{{new string('k', 65)}}":"a"} }""", "metadata" },
        { $$"""{{{Call}},"metadata":{"k":"{{new string('v', 513)}}"} }""", "metadata.k" },
        { $$"""{{{Call}},"metadata":{{{string.Join(',', Enumerable.Range(0, 17).Select(i => $"\"k{i}\":\"v\""))}}} }""", "metadata" },
    };

    public static TheoryData<byte[]> BadBodies { get; } = new(
        (byte[][])[.. BadEmbeddingRequests.Bodies.Select(row => row.Data), .. NotNumbers]);

    private static IEnumerable<byte[]> NotNumbers =>
        ((string[])["NaN", "Infinity", "-Infinity", "+1", ".5", "1.", "0x10"]).Select(number => Encoding.UTF8.GetBytes($$"""{{{Call}},"deadline_seconds":{{number}} }"""));

    [Theory]
    [MemberData(nameof(BadFields))]
    public async Task PostJobs_BadField_Answers400ThatNamesIt(string json, string param)
    {
        using var response = await _gateway.PostTextAsync(Path, json);

        await AssertProblemAsync(response, HttpStatusCode.BadRequest, "invalid_request", param);
    }

    [Theory]
    [MemberData(nameof(BadCalls))]
    public async Task PostJobs_BadCallInside_NamesTheFieldBelowBody(string json, string param)
    {
        using var response = await _gateway.PostTextAsync(Path, $$"""{"endpoint":"/v1/embeddings","body":{{json}}}""");

        await AssertProblemAsync(response, HttpStatusCode.BadRequest, "invalid_request", $"body.{param}");
    }

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task PostJobs_NotAnObject_Answers400(byte[] body)
    {
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
        using var response = await _gateway.Client.PostAsync(Path, content);

        // Some of these bodies are objects without any known field.
        var problem = await ProblemAsync(response);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (response.StatusCode, problem.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task PostJobs_LongestMetadata_IsTaken()
    {
        var model = RedisServer.Unique("metadata");
        await _gateway.ServeAsync(model);
        var metadata = Enumerable.Range(0, 16).ToDictionary(i => $"{i:d2}{new string('k', 62)}", _ => new string('v', 512));

        using var response = await _gateway.PostAsync(
            Path, new { endpoint = EmbeddingTask.Endpoint, body = new { model, input = "a" }, metadata, deadline_seconds = 604800 });

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var job = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(metadata, job.GetProperty("metadata").Deserialize<Dictionary<string, string>>());
    }

    [Fact]
    public async Task PostJobs_UnknownModel_Answers404()
    {
        using var response = await _gateway.PostTextAsync(Path, $$"""{{{Call}}}""");

        await AssertProblemAsync(response, HttpStatusCode.NotFound, "model_not_found", "body.model");
    }

    [Fact]
    public async Task PostJobs_NotJsonByItsType_Answers415()
    {
        using var response = await _gateway.Client.PostAsync(Path, new StringContent("{}", Encoding.UTF8, "text/plain"));

        await AssertProblemAsync(response, HttpStatusCode.UnsupportedMediaType, "unsupported_media_type", param: null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PostJobs_BodyOverTheLimit_Answers413AndServesOn(bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new ByteArrayContent(new byte[(4 * 1024 * 1024) + 1]),
        };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.TransferEncodingChunked = chunked;
        request.Headers.ExpectContinue = true;

        using var response = await _gateway.Client.SendAsync(request);

        await AssertProblemAsync(response, HttpStatusCode.RequestEntityTooLarge, "payload_too_large", param: null);
        using var alive = await _gateway.Client.GetAsync("/alive");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("job_")]
    [InlineData("job_00000000000000000000000000.")]
    [InlineData("job_00000000000000000000000000.UPPER")]
    [InlineData("job_00000000000000000000000000.nobody")]
    [InlineData("job_0000000000000000000000000u.nobody")]
    [InlineData("%ff%20x")]
    public async Task GetAndDeleteJob_NoSuchId_Answer404(string id)
    {
        using var read = await _gateway.Client.GetAsync($"{Path}/{id}");
        using var waited = await _gateway.Client.GetAsync($"{Path}/{id}?wait=1");
        using var deleted = await _gateway.Client.DeleteAsync($"{Path}/{id}");

        await AssertProblemAsync(read, HttpStatusCode.NotFound, "job_not_found", param: null);
        await AssertProblemAsync(waited, HttpStatusCode.NotFound, "job_not_found", param: null);
        await AssertProblemAsync(deleted, HttpStatusCode.NotFound, "job_not_found", param: null);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("61")]
    [InlineData("60.1")]
    [InlineData("NaN")]
    [InlineData("soon")]
    [InlineData("")]
    [InlineData("1e1")]
    [InlineData("&wait=1")]
    [InlineData("1&wait=1")]
    public async Task GetJob_BadWait_Answers400(string wait)
    {
        using var response = await _gateway.Client.GetAsync($"{Path}/job_00000000000000000000000000.nobody?wait={wait}");

        await AssertProblemAsync(response, HttpStatusCode.BadRequest, "invalid_request", "wait");
    }

    [Theory]
    [InlineData("PUT", "/v1/jobs", 405, "method_not_allowed")]
    [InlineData("GET", "/v1/jobs/a/b/c", 404, "not_found")]
    [InlineData("GET", "/nothing", 404, "not_found")]
    public async Task AnyRoute_NotOurs_AnswersAProblem(string method, string path, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var response = await _gateway.Client.SendAsync(request);

        await AssertProblemAsync(response, (HttpStatusCode)status, code, param: null);
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status, string code, string? param)
    {
        var problem = await ProblemAsync(response);
        Assert.Equal(
            (status, (int)status, code, param),
            (response.StatusCode, problem.GetProperty("status").GetInt32(), problem.GetProperty("code").GetString(),
                problem.GetProperty("param").GetString()));
        Assert.Equal($"/problems/{code.Replace('_', '-')}", problem.GetProperty("type").GetString());
        Assert.NotEmpty(problem.GetProperty("title").GetString()!);
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        Assert.Equal(response.Headers.GetValues("x-request-id").Single(), problem.GetProperty("traceId").GetString());
        Assert.False(problem.GetProperty("retryable").GetBoolean());
    }

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }
}
