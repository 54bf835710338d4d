using Polly;

namespace AiPlatform.ServiceDefaults.Resilience;

/// <summary>Says how a named pipeline is built. Registered as a singleton by whoever owns the name.</summary>
/// <param name="Name">One of <see cref="ResiliencePipelineNames"/>.</param>
/// <param name="Configure">Adds the strategies, the outermost first.</param>
public sealed record NamedResiliencePipeline(string Name, Action<ResiliencePipelineBuilder> Configure);
