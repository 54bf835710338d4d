using System.Text.Json.Serialization;
using AiPlatform.Gateway.Answers;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.Models;
using AiPlatform.Gateway.Page;
using AiPlatform.Gateway.Providers;
using AiPlatform.Gateway.Queues;
using AiPlatform.Gateway.Usage;
using AiPlatform.Gateway.Workers;

namespace AiPlatform.Gateway;

/// <summary>Serializer of all answers of the Gateway that have no serializer context in their own folder.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(PromptRequest))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(JobRequest))]
[JsonSerializable(typeof(JobList))]
[JsonSerializable(typeof(QueueList))]
[JsonSerializable(typeof(QueueRequeued))]
[JsonSerializable(typeof(UsageList))]
[JsonSerializable(typeof(WorkerList))]
[JsonSerializable(typeof(ProviderList))]
[JsonSerializable(typeof(CallerResource))]
[JsonSerializable(typeof(VersionResource))]
internal sealed partial class GatewayJson : JsonSerializerContext;
