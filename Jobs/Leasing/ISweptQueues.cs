namespace AiPlatform.Jobs.Leasing;

/// <summary>Says which queues this process sweeps.</summary>
public interface ISweptQueues
{
    /// <summary>The queues known at this moment.</summary>
    IReadOnlyCollection<QueueName> Queues { get; }
}
