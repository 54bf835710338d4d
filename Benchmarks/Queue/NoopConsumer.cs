using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using MassTransit;

namespace AiPlatform.Benchmarks.Queue;

/// <summary>Ends every job with <see cref="NoopModel.Outcome"/>.</summary>
internal sealed class NoopConsumer(LeasedJobRunner runner) : IConsumer<RunJob>
{
    private static readonly Task<JobOutcome> Answer = Task.FromResult(NoopModel.Outcome);

    public Task Consume(ConsumeContext<RunJob> context) => context.TryGetPayload<RunningJob>(out var running)
        ? runner.RunAsync(running, static (_, _) => Answer)
        : throw new InvalidOperationException($"Job {context.Message.JobId} came without its payload. This is a bug.");
}
