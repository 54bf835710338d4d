using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.Limits;
using AiPlatform.Gateway.Providers;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Submission;
using AiPlatform.Gateway.Tasks;
using AiPlatform.Gateway.Telemetry;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Calls;

/// <summary>Handles a call to a model from its arrival to its answer, for models of workers and of providers.</summary>
internal sealed class ModelCalls(
    CallAdmission admission,
    JobCalls jobs,
    TaskStreams streams,
    DirectCalls providers,
    MeasuredCalls measured,
    CallLimiter limiter,
    IOptions<GatewayOptions> options,
    TimeProvider time,
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
        // :: Step 1: admit. The headers have the call's timeout, preference and idempotency key.
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
        var wantsJob = Preferences.WantsJob(headers[Preferences.Header]);
        if (!wantsJob && key is null && admission.LegsOf(task.Task, body.Span) is { Count: > 0 } legs)
            return await RunLegsAsync(context, task, legs, body, timeout);

        var (call, invalid) = await admission.AdmitAsync(task.Task, body, context.RequestAborted);
        if (call is null) return task.Dialect.Answer(invalid!);

        context.Response.SetModel(call.Model);
        // A call with an idempotency key must be found again when it is repeated, so it is a job. So is a call that nobody waits for.
        if (!wantsJob && key is null) return await RunAsync(context, task, call, timeout ?? TimeOf(call));

        if (call is { Streams: true, Provider: not null }) return task.Dialect.Answer(Refusals.JobCannotStream());

        var terms = new JobTerms
        {
            Tenant = context.Caller.Tenant,
            Lane = wantsJob ? Lane.Default : Lane.Interactive,
            Deadline = timeout ?? (wantsJob ? JobRequest.DefaultDeadline : TimeOf(call)),
            Limits = limiter.Of(context),
            IdempotencyKey = IdempotencyHeader.Of(key, task.Task.Endpoint, body.Span),
        };
        return wantsJob ? await SubmitAsync(context, task, call, terms) : await FollowAsync(context, task, call, terms);
    }

    /// <summary>Answers a call with one leg after the other, until one does not fail. All have one deadline: that of the first.</summary>
    private async Task<IResult> RunLegsAsync(
        HttpContext context, IGatewayTask task, IReadOnlyList<RouteLeg> legs, ReadOnlyMemory<byte> body, TimeSpan? timeout)
    {
        var start = time.GetTimestamp();
        var failures = new LegFailures(context.Response);
        (IResult Answer, string Model, InferenceError Error)? failed = null;
        foreach (var leg in legs)
        {
            if (failed is { } before) failures.Add(before.Model, before.Error);
            var (call, invalid) = await LegAsync(
                admission.AdmitAsync(task.Task, leg, body, context.RequestAborted), outage => (null, outage));
            timeout ??= call is null ? null : TimeOf(call);
            var left = (timeout ?? options.Value.MaxRequestTimeout) - time.GetElapsedTime(start);
            if (failed is not null && left <= TimeSpan.Zero) break;

            if (call is not null) context.Response.SetModel(call.Model);
            var result = call is null
                ? task.Dialect.Answer(invalid!)
                : await LegAsync(new ValueTask<IResult>(RunAsync(context, task, call, left)), task.Dialect.Answer);
            if (result is IErrorAnswer { Error: var error } && LegFailures.GoesOn(error))
            {
                Log.LegFailed(logger, leg.Model, error.Code);
                failed = (result, leg.Model, error);
                continue;
            }

            failures.Say();
            // The caller gets the error of the requested model, and not that its fallback cannot run the request.
            return result is IErrorAnswer && failed is { Answer: var first } ? first : result;
        }

        failures.Say();
        return failed!.Value.Answer;
    }

    /// <summary>Runs a part of a leg. An outage of the queue becomes the leg's error, so that the next leg is tried.</summary>
    private static async Task<T> LegAsync<T>(ValueTask<T> part, Func<InferenceError, T> failed)
    {
        try
        {
            return await part;
        }
        catch (QueueUnavailableException outage)
        {
            return failed(Refusals.QueueAway(outage.Message));
        }
    }

    /// <summary>Answers a call whose client waits, and which has no idempotency key.</summary>
    private async Task<IResult> RunAsync(HttpContext context, IGatewayTask task, AdmittedCall call, TimeSpan timeout)
    {
        if (call.Provider is { } provider) return await providers.AnswerAsync(context, provider, timeout);
        var terms = new JobTerms
        {
            Tenant = context.Caller.Tenant,
            Lane = Lane.Interactive,
            Deadline = timeout,
            Limits = limiter.Of(context),
        };
        return await FollowAsync(context, task, call, terms);
    }

    /// <summary>Answers a call by its job, whole or as a stream.</summary>
    private async Task<IResult> FollowAsync(HttpContext context, IGatewayTask task, AdmittedCall call, JobTerms terms) =>
        call.Streams && task.Stream is { } form
            ? await streams.AnswerAsync(context, task, form, call, terms)
            : await WaitAsync(context, task, call, terms);

    /// <summary>
    /// The time limit of a call without one. It is longer for a stream, whose reader sees the progress and can disconnect at any time.
    /// </summary>
    private TimeSpan TimeOf(AdmittedCall call) => call switch
    {
        { Provider.Model.Options.Timeout: var ofModel } => ofModel,
        { Streams: true } => options.Value.MaxRequestTimeout,
        _ => options.Value.RequestTimeout,
    };

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
        end.Describe(context.Response);
        if (end.Error is { } error) return task.Dialect.Answer(error);

        var (answer, unusable) = GatewayTasks.Read(call.Model, end.Job!.Output!);
        if (answer is not null) return answer;

        Log.ResultUnusable(logger, $"{end.Id}", unusable!.Message);
        return task.Dialect.Answer(unusable);
    }
}
