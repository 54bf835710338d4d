using AiPlatform.Jobs.Leasing;
using MassTransit;

namespace AiPlatform.InferenceWorker.Consumers;

/// <summary>Receives every leased job and runs it with its model; returns when the result is stored.</summary>
internal sealed class RunJobConsumer(LeasedJobRunner runner, ModelJobs jobs) : IConsumer<RunJob>
{
    public Task Consume(ConsumeContext<RunJob> context) => runner.RunAsync(RunningJob.Of(context), jobs.RunAsync);
}
