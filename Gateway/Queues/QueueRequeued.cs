namespace AiPlatform.Gateway.Queues;

/// <summary>The answer of <c>POST /v1/queues/{queue}/requeue-dead</c>.</summary>
internal sealed record QueueRequeued
{
    public required string Queue { get; init; }

    /// <summary>Dead letters that wait again.</summary>
    public required long Requeued { get; init; }
}
