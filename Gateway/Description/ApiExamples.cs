using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Description;

/// <summary>
/// What operations answer, as examples in the API's description: of <c>answers.json</c> here, by the operation's name, where the route
/// itself shows none. Tests compare all of them with what is described.
/// </summary>
internal static class ApiExamples
{
    private const string Json = "application/json";

    private static readonly JsonObject Answers = Read();

    /// <summary>Adds the example of an operation's success.</summary>
    public static void Complete(OpenApiOperation operation)
    {
        if (operation.OperationId is not { } name || Answers[name] is not { } example) return;

        foreach (var status in (string[])["200", "202"])
        {
            if (!operation.Responses!.TryGetValue(status, out var success)) continue;
            if (success.Content?.TryGetValue(Json, out var content) == true) content.Example ??= example.DeepClone();
            return;
        }
    }

    private static JsonObject Read()
    {
        using var file = typeof(ApiExamples).Assembly.GetManifestResourceStream("answers.json")!;
        return JsonNode.Parse(file)!.AsObject();
    }
}
