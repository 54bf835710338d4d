namespace AiPlatform.Jobs;

/// <summary>What operators do with queues. Throws <see cref="QueueUnavailableException"/> when Redis does not serve.</summary>
public interface IQueueOperations
{
    /// <summary>How a queue is; one that nobody has used is empty.</summary>
    Task<QueueState> ReadAsync(QueueName queue, CancellationToken cancellationToken);

    /// <summary>Stops leasing; submits are still taken, and what runs goes on running.</summary>
    Task PauseAsync(QueueName queue, CancellationToken cancellationToken);

    Task ResumeAsync(QueueName queue, CancellationToken cancellationToken);

    /// <summary>Makes all dead letters wait again, whatever the queue's limits. Returns how many.</summary>
    Task<long> RequeueDeadAsync(QueueName queue, CancellationToken cancellationToken);
}
