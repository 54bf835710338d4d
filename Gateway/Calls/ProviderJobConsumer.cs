using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Whole;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Usage;
using MassTransit;

namespace AiPlatform.Gateway.Calls;

/// <summary>
/// Runs the jobs of providers' models, under leases like all jobs. When a Gateway dies during a call, its lease ends, and another Gateway
/// repeats the call.
/// </summary>
internal sealed class ProviderJobConsumer(
    LeasedJobRunner runner, CallAdmission admission, WholeAnswers answers, ProviderMetrics metrics, UsageLedger ledger,
    TimeProvider time)
    : IConsumer<RunJob>
{
    public Task Consume(ConsumeContext<RunJob> context) => runner.RunAsync(RunningJob.Of(context), RunAsync);

    private async Task<JobOutcome> RunAsync(LeasedJob job, CancellationToken cancellationToken)
    {
        // The configuration may have changed since the job was submitted.
        if (ModelTasks.Of(job.Endpoint) is not { } task) return JobOutcome.Failure(Refusals.UnknownTask(job.Endpoint));
        var (admitted, invalid) = await admission.AdmitAsync(task, job.Body, cancellationToken);
        if (admitted is null) return JobOutcome.Failure(invalid!);
        if (admitted.Provider is not { } route) return JobOutcome.Failure(Refusals.ModelNotFound(job.Model, []));

        var call = ProviderCall.Of(route, job.Tenant, job.TimeLeft, time);
        using var activity = ProviderActivities.Start(call);
        WholeAnswerEnd end;
        try
        {
            end = await answers.AnswerAsync(call, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The job was canceled, has expired, or goes back to its queue. The tokens that the provider bills are counted.
            var used = call.UsedUntilNow;
            ledger.AddTokens(job.Tenant, job.Model, used.Input, used.Output, used.Estimated);
            throw;
        }

        metrics.Ended(call, end.Model, end.Usage, end.Error?.Code);
        activity?.End(call, end.Model, end.Usage, end.Error?.Code, end.Answer?.Body ?? default);
        var usage = UsageJson.Write(end.Usage.Input, end.Usage.Output);
        if (end.Answer is { } answer) return JobOutcome.Success(new JobOutput(JobOutput.Json, answer.Body), usage);

        // The call has a retry loop of its own, and two loops would multiply. If it sent nothing (the breaker was open), the lease retries
        // it.
        return JobOutcome.Failure(end.Error!, end.Usage == default ? null : usage, isFinal: call.Log.Made > 0);
    }
}
