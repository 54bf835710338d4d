namespace AiPlatform.Jobs.Leasing;

/// <summary>Says what this process leases from, once it can run it.</summary>
public interface ILeasedQueues
{
    /// <summary>Completes when the models are loaded and warm.</summary>
    Task<IReadOnlyList<LeasedQueue>> WhenReadyAsync(CancellationToken cancellationToken);
}
