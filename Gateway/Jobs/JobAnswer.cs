using System.Text.Json.Serialization;
using AiPlatform.Gateway.Json;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Jobs;

/// <summary>A job's result, to be written as the synchronous call would have answered.</summary>
[JsonConverter(typeof(JobAnswerConverter))]
internal sealed record JobAnswer(string Model, JobOutput Output);
