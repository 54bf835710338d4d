using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>The queue of <see cref="NoopModel"/>, with the same concurrency as the worker that we compare with.</summary>
internal sealed class NoopQueues : ILeasedQueues, ISweptQueues
{
    private const int Capacity = 64;

    public IReadOnlyCollection<QueueName> Queues { get; } = [NoopModel.Queue];

    public Task<IReadOnlyList<LeasedQueue>> NextAsync(IReadOnlyList<LeasedQueue>? known, CancellationToken cancellationToken) =>
        known is null
            ? Task.FromResult<IReadOnlyList<LeasedQueue>>([new LeasedQueue(NoopModel.Queue, Capacity)])
            : ILeasedQueues.NeverAsync(cancellationToken);
}
