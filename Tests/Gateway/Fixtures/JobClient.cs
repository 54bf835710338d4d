using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>Operations of tests on jobs, as the caller of the client.</summary>
internal static class JobClient
{
    extension(HttpClient client)
    {
        /// <summary>Submits an embedding of one text; the answer must be 202.</summary>
        public async Task<JsonElement> SubmitAsync(string model, string? lane = null)
        {
            using var response = await client.PostAsJsonAsync(
                "/v1/jobs", new { endpoint = "/v1/embeddings", body = new { model, input = "a" }, lane });
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            return await response.Content.ReadFromJsonAsync<JsonElement>();
        }

        public async Task<string> SubmitForIdAsync(string model, string? lane = null) =>
            (await client.SubmitAsync(model, lane)).GetProperty("id").GetString()!;

        /// <summary>Sends a request without a body, and reads the JSON of the answer, whatever its status.</summary>
        public async Task<(HttpStatusCode Status, JsonElement Answer)> SendAsync(HttpMethod method, string path)
        {
            using var response = await client.SendAsync(new HttpRequestMessage(method, path));
            return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
        }

        /// <summary>Asserts that a request without a body is refused with a problem of this code.</summary>
        public async Task RefusesAsync(HttpMethod method, string path, HttpStatusCode status, string code)
        {
            using var response = await client.SendAsync(new HttpRequestMessage(method, path));
            Assert.Equal((status, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            Assert.Equal(code, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        }
    }
}
