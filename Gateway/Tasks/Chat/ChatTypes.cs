using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks.Chat;

/// <summary>The types of the route's requests and answers, for the API's description.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(ChatCompletion))]
internal sealed partial class ChatTypes : JsonSerializerContext;
