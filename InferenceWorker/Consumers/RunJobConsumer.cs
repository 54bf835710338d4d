using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using MassTransit;

namespace AiPlatform.InferenceWorker.Consumers;

/// <summary>Receives every leased job and runs it with its endpoint's handler; returns when the result is stored.</summary>
internal sealed class RunJobConsumer(LeasedJobRunner runner, IEnumerable<IEndpointHandler> handlers) : IConsumer<RunJob>
{
    public Task Consume(ConsumeContext<RunJob> context)
    {
        var running = RunningJob.Of(context);
        var handler = handlers.FirstOrDefault(one => one.Endpoint == running.Job.Endpoint);
        return runner.RunAsync(running, handler is null ? RefuseAsync : handler.RunAsync);
    }

    private Task<JobOutcome> RefuseAsync(LeasedJob job, CancellationToken cancellationToken)
    {
        var refusal = new InferenceError
        {
            Kind = InferenceErrorKind.InvalidRequest,
            Message = $"This worker cannot run '{job.Endpoint}'. It runs: {string.Join(", ", handlers.Select(one => one.Endpoint))}.",
            Param = "endpoint",
        };
        return Task.FromResult(JobOutcome.Failure(refusal));
    }
}
