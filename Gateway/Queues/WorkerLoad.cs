namespace AiPlatform.Gateway.Queues;

/// <summary>
/// The load of the workers over all queues that they serve. It does not count providers' models, nor jobs that wait in a paused queue. The
/// values are always numbers and never null, because autoscalers need numbers.
/// </summary>
internal sealed record WorkerLoad
{
    /// <summary>Jobs that wait, and jobs that a worker runs, because a busy worker is still needed.</summary>
    public required long Jobs { get; init; }

    /// <summary>How long the oldest waiting job has waited, in milliseconds; 0 when none waits.</summary>
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
