namespace AiPlatform.Gateway.Queues;

/// <summary>
/// How much there is to do for the workers, over the queues that they serve: providers' models are left out, and so are the
/// jobs that wait in a paused queue. Always numbers, never null: that is what autoscalers can read.
/// </summary>
internal sealed record WorkerLoad
{
    /// <summary>Jobs that wait, and jobs that a worker holds: a busy worker is still needed.</summary>
    public required long Jobs { get; init; }

    /// <summary>How long the oldest waiting job has waited, in milliseconds; 0 when none does.</summary>
    public required long OldestMs { get; init; }

    public static WorkerLoad Of(IReadOnlyCollection<QueueState> queues)
    {
        var served = queues.Where(queue => !queue.IsPaused).ToList();
        return new WorkerLoad
        {
            Jobs = served.Sum(queue => queue.Depth) + queues.Sum(queue => queue.Running),
            OldestMs = served.Max(queue => LaneResource.Milliseconds(queue.Oldest)) ?? 0,
        };
    }
}
