using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiPlatform.AppHost.Commands;

/// <summary>The Gateway's routes that the dashboard's commands use.</summary>
internal sealed class GatewayApi(HttpClient http)
{
    private const string SampleText = "The quick brown fox jumps over the lazy dog.";

    /// <summary>Runs <paramref name="action"/> on one queue, or on all queues.</summary>
    /// <exception cref="HttpRequestException">The Gateway refused; the message has its error.</exception>
    public async Task<CommandAnswer> ChangeQueuesAsync(string action, string? queue, CancellationToken cancellationToken)
    {
        var queues = string.IsNullOrWhiteSpace(queue) ? await QueuesAsync(cancellationToken) : [queue.Trim()];
        var answers = new JsonArray();
        foreach (var name in queues)
            answers.Add(await SendAsync(HttpMethod.Post, $"/v1/queues/{Uri.EscapeDataString(name)}/{action}", null, cancellationToken));
        return new CommandAnswer(
            queues.Count == 0 ? "There is no queue yet: no worker has named a model." : string.Join(", ", queues), Write(answers));
    }

    /// <summary>Embeds a sentence with the first model that a worker serves, as a job.</summary>
    /// <exception cref="HttpRequestException">The Gateway refused; the message has its error.</exception>
    public async Task<CommandAnswer> RunSampleJobAsync(CancellationToken cancellationToken)
    {
        var models = await SendAsync(HttpMethod.Get, "/v1/models", null, cancellationToken);
        var model = models["data"]!.AsArray().FirstOrDefault(entry => (string?)entry!["served_by"] == "worker")?["id"]
            ?? throw new HttpRequestException("No worker serves a model yet.");
        var body = new JsonObject
        {
            ["endpoint"] = "/v1/embeddings",
            ["body"] = new JsonObject { ["model"] = (string?)model, ["input"] = SampleText },
        };
        var submitted = await SendAsync(HttpMethod.Post, "/v1/jobs", body, cancellationToken);
        var job = await SendAsync(HttpMethod.Get, $"/v1/jobs/{submitted["id"]}?wait=30", null, cancellationToken);
        return new CommandAnswer($"{job["id"]} {job["status"]}", Write(job));
    }

    private async Task<List<string>> QueuesAsync(CancellationToken cancellationToken)
    {
        var list = await SendAsync(HttpMethod.Get, "/v1/queues", null, cancellationToken);
        return [.. list["data"]!.AsArray().Select(entry => (string)entry!["queue"]!)];
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var reply = await http.SendAsync(request, cancellationToken);
        var text = await reply.Content.ReadAsStringAsync(cancellationToken);
        if (!reply.IsSuccessStatusCode)
            throw new HttpRequestException($"{method} {path}: {(int)reply.StatusCode} {text}", null, reply.StatusCode);
        return JsonNode.Parse(text) ?? throw new HttpRequestException($"{method} {path} answered null.");
    }

    private static string Write(JsonNode node) =>
        node.ToJsonString(new JsonSerializerOptions(JsonSerializerDefaults.Web) { WriteIndented = true });
}
