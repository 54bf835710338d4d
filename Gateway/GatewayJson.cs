using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AiPlatform.Gateway.Answers;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Queues;
using AiPlatform.Gateway.Usage;

namespace AiPlatform.Gateway;

/// <summary>Serializer of everything the Gateway answers, but for the answers of tasks, which these write themselves.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(OpenAIErrorBody))]
[JsonSerializable(typeof(PromptRequest))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(JobRequest))]
[JsonSerializable(typeof(JobResource))]
[JsonSerializable(typeof(JobList))]
[JsonSerializable(typeof(QueueList))]
[JsonSerializable(typeof(QueueRequeued))]
[JsonSerializable(typeof(UsageList))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class GatewayJson : JsonSerializerContext
{
    /// <summary>For answers; see <see cref="Configure"/>.</summary>
    public static GatewayJson Readable { get; } = new(Configure(new JsonSerializerOptions()));

    /// <summary>
    /// The form of every answer. Quotes and letters of all languages stay as they are: the content type says that it is not HTML.
    /// </summary>
    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        return options;
    }
}
