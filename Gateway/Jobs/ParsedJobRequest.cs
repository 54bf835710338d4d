using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.Gateway.Jobs;

/// <summary>A valid request for a job; the call inside is not yet validated.</summary>
/// <param name="Task">The task whose call is to be run.</param>
/// <param name="Body">The JSON of the synchronous call, as received.</param>
/// <param name="Lane">Where it waits.</param>
/// <param name="Deadline">Time until the job expires.</param>
/// <param name="Metadata">The caller's own pairs as a JSON object, or null.</param>
internal sealed record ParsedJobRequest(ModelTask Task, ReadOnlyMemory<byte> Body, Lane Lane, TimeSpan Deadline, string? Metadata);
