using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.Providers;
using AiPlatform.Gateway.Submission;
using AiPlatform.Gateway.Tasks;
using AiPlatform.Gateway.Telemetry;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Calls;

/// <summary>Takes a call that asks a model from its arrival to its answer, for models of workers and of providers.</summary>
internal sealed class ModelCalls(
    CallAdmission admission,
    JobCalls jobs,
    TaskStreams streams,
    DirectCalls providers,
    MeasuredCalls measured,
    IOptions<GatewayOptions> options,
    ILogger<ModelCalls> logger)
{
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    /// <exception cref="OperationCanceledException">
    /// The client went away; its job is canceled, unless it has an idempotency key.
    /// </exception>
    public Task<IResult> AnswerAsync(HttpContext context, IGatewayTask task) =>
        measured.RunAsync(context, task.Task.Endpoint, () => RunAsync(context, task));

    private async Task<IResult> RunAsync(HttpContext context, IGatewayTask task)
    {
        // :: Step 1: admit. What a call asks for besides its body stands in its headers.
        if (RequestBody.CheckType(context.Request) is { } notJson) return task.Dialect.Answer(notJson);
        var headers = context.Request.Headers;
        if (!RequestTimeout.TryParseHeader(
            headers[RequestTimeout.Header], options.Value.MaxRequestTimeout, out var timeout, out var badTimeout))
        {
            return task.Dialect.Answer(badTimeout);
        }
        if (!IdempotencyHeader.TryParse(headers[IdempotencyHeader.Name], out var key, out var badKey))
            return task.Dialect.Answer(badKey);

        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var (call, invalid) = await admission.AdmitAsync(task.Task, body, context.RequestAborted);
        if (call is null) return task.Dialect.Answer(invalid!);

        context.Response.SetModel(call.Model);
        var wantsJob = Preferences.WantsJob(headers[Preferences.Header]);
        if (call.Provider is { } provider)
        {
            // A call that may come again must be found again: it is a job, and so is one that is not waited for.
            if (!wantsJob && key is null) return await providers.AnswerAsync(context, provider, timeout);
        }

        if (call is { Streams: true, Provider: not null }) return task.Dialect.Answer(Refusals.JobCannotStream());

        var terms = new JobTerms
        {
            Tenant = context.Caller.Tenant,
            Lane = wantsJob ? Lane.Default : Lane.Interactive,
            Deadline = timeout
                ?? (wantsJob ? JobRequest.DefaultDeadline : call.Provider?.Model.Options.Timeout ?? TimeOf(call)),
            IdempotencyKey = IdempotencyHeader.Of(key, task.Task.Endpoint, body.Span),
        };
        if (call.Streams && !wantsJob && task.Stream is { } form) return await streams.AnswerAsync(context, task, form, call, terms);
        return wantsJob ? await SubmitAsync(context, task, call, terms) : await WaitAsync(context, task, call, terms);
    }

    /// <summary>A reader of a stream sees that it goes on, and leaves when it has had enough.</summary>
    private TimeSpan TimeOf(AdmittedCall call) => call.Streams ? options.Value.MaxRequestTimeout : options.Value.RequestTimeout;

    private async Task<IResult> SubmitAsync(HttpContext context, IGatewayTask task, AdmittedCall call, JobTerms terms)
    {
        var (job, refused) = await jobs.SubmitAsync(call, terms);
        if (job is null) return task.Dialect.Answer(refused!);

        context.Response.Headers["Preference-Applied"] = Preferences.RespondAsync;
        context.Response.Headers.Vary = Preferences.Header;
        return new JobAccepted(job);
    }

    private async Task<IResult> WaitAsync(HttpContext context, IGatewayTask task, AdmittedCall call, JobTerms terms)
    {
        var end = await jobs.RunAsync(call, terms, context.RequestAborted);
        if (end.Id is { } id) context.Response.SetJobId(id);
        if (end.Job is { Attempts: > 0 and var attempts }) context.Response.SetAttempts(attempts);
        if (end.Error is { } error) return task.Dialect.Answer(error);

        var (answer, unusable) = GatewayTasks.Read(call.Model, end.Job!.Output!);
        if (answer is not null) return answer;

        Log.ResultUnusable(logger, $"{end.Id}", unusable!.Message);
        return task.Dialect.Answer(unusable);
    }
}
