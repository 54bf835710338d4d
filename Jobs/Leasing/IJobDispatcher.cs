namespace AiPlatform.Jobs.Leasing;

/// <summary>Hands a leased job to the consumer that runs it.</summary>
public interface IJobDispatcher
{
    /// <summary>Completes when the consumer has ended: its result committed, or the job given back.</summary>
    Task DispatchAsync(RunningJob job, CancellationToken cancellationToken);
}
