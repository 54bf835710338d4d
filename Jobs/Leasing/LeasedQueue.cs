namespace AiPlatform.Jobs.Leasing;

/// <summary>A queue that this process leases from.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="Capacity">Jobs leased at a time, 1 or more: enough that the device never waits for Redis.</param>
public sealed record LeasedQueue(QueueName Queue, int Capacity);
