using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs;
using Microsoft.Extensions.Options;
using EmbeddingResult = Microsoft.AspNetCore.Http.HttpResults.Results<
    AiPlatform.Gateway.OpenAI.EmbeddingAnswer, AiPlatform.Gateway.Jobs.JobAccepted, AiPlatform.Gateway.OpenAI.OpenAIError>;

namespace AiPlatform.Gateway.OpenAI;

/// <summary>Takes an embedding call from its arrival to its answer.</summary>
internal sealed class EmbeddingCalls(
    CallAdmission admission,
    JobCalls jobs,
    GatewayMetrics metrics,
    IOptions<GatewayOptions> options,
    TimeProvider time,
    ILogger<EmbeddingCalls> logger)
{
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    /// <exception cref="OperationCanceledException">The client went away; its job is canceled, unless it has an idempotency key.</exception>
    public async Task<EmbeddingResult> AnswerAsync(HttpContext context, string? prefer, string? requestTimeout)
    {
        var arrived = time.GetTimestamp();
        var outcome = "internal_error";
        try
        {
            var result = await RunAsync(context, prefer, requestTimeout);
            outcome = result.Result switch
            {
                OpenAIError { Error.Code: var code } => code,
                JobAccepted => "accepted",
                _ => "succeeded",
            };
            return result;
        }
        catch (QueueUnavailableException)
        {
            outcome = "queue_unavailable";
            throw;
        }
        catch (OperationCanceledException)
        {
            outcome = "client_gone";
            throw;
        }
        finally
        {
            metrics.Answered(Endpoints.Embeddings, context.Response.Headers[CallHeaders.ModelName], outcome, time.GetElapsedTime(arrived));
        }
    }

    private async Task<EmbeddingResult> RunAsync(HttpContext context, string? prefer, string? requestTimeout)
    {
        // :: Step 1: admit. What a call asks for besides its body stands in its headers.
        if (RequestBody.CheckType(context.Request) is { } notJson) return new OpenAIError(notJson);
        if (!RequestTimeout.TryParseHeader(requestTimeout, options.Value.MaxRequestTimeout, out var timeout, out var badTimeout))
            return new OpenAIError(badTimeout);
        if (!IdempotencyHeader.TryParse(context.Request.Headers[IdempotencyHeader.Name], out var key, out var badKey))
            return new OpenAIError(badKey);

        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var (call, invalid) = await admission.AdmitEmbeddingsAsync(body, context.RequestAborted);
        if (call is null) return new OpenAIError(invalid!);

        context.Response.SetModel(call.Model);
        var wantsJob = Preferences.WantsJob(prefer);
        var terms = new JobTerms
        {
            Tenant = context.Caller.Tenant,
            Lane = wantsJob ? Lane.Default : Lane.Interactive,
            Deadline = timeout ?? (wantsJob ? JobRequest.DefaultDeadline : options.Value.RequestTimeout),
            IdempotencyKey = IdempotencyHeader.Of(key, Endpoints.Embeddings, body),
        };
        return wantsJob ? await SubmitAsync(context, call, terms) : await WaitAsync(context, call, terms);
    }

    private async Task<EmbeddingResult> SubmitAsync(HttpContext context, AdmittedCall call, JobTerms terms)
    {
        var (job, refused) = await jobs.SubmitAsync(call, terms);
        if (job is null) return new OpenAIError(refused!);

        context.Response.Headers["Preference-Applied"] = Preferences.RespondAsync;
        context.Response.Headers.Vary = Preferences.Header;
        return new JobAccepted(job);
    }

    private async Task<EmbeddingResult> WaitAsync(HttpContext context, AdmittedCall call, JobTerms terms)
    {
        var end = await jobs.RunAsync(call, terms, context.RequestAborted);
        if (end.Id is { } id) context.Response.SetJobId(id);
        if (end.Job is { Attempts: > 0 and var attempts }) context.Response.SetAttempts(attempts);
        if (end.Error is { } error) return new OpenAIError(error);

        var (output, unusable) = StoredEmbeddings.Read(end.Job!.Output!);
        if (output is { } embeddings) return new EmbeddingAnswer(call.Model, embeddings);

        Log.ResultUnusable(logger, $"{end.Id}", unusable!.Message);
        return new OpenAIError(unusable);
    }
}
