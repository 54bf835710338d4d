using AiPlatform.Gateway.Admission;
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
    /// <exception cref="OperationCanceledException">The client went away; its job is canceled.</exception>
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
        // :: Step 1: admit. Everybody is one tenant; what a call asks for besides its body stands in its headers.
        if (RequestBody.CheckType(context.Request) is { } notJson) return new OpenAIError(notJson);
        if (!RequestTimeout.TryParseHeader(requestTimeout, options.Value.MaxRequestTimeout, out var timeout, out var badTimeout))
            return new OpenAIError(badTimeout);

        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        var (call, invalid) = await admission.AdmitEmbeddingsAsync(body, context.RequestAborted);
        if (call is null) return new OpenAIError(invalid!);

        context.Response.SetModel(call.Model);
        return Preferences.WantsJob(prefer)
            ? await SubmitAsync(context, call, timeout ?? JobRequest.DefaultDeadline)
            : await WaitAsync(context, call, timeout ?? options.Value.RequestTimeout);
    }

    private async Task<EmbeddingResult> SubmitAsync(HttpContext context, AdmittedCall call, TimeSpan deadline)
    {
        var (job, refused) = await jobs.SubmitAsync(call, deadline, metadata: null);
        if (job is null) return new OpenAIError(refused!);

        context.Response.Headers["Preference-Applied"] = Preferences.RespondAsync;
        context.Response.Headers.Vary = Preferences.Header;
        return new JobAccepted(job);
    }

    private async Task<EmbeddingResult> WaitAsync(HttpContext context, AdmittedCall call, TimeSpan timeout)
    {
        var (id, end) = await jobs.RunAsync(call, timeout, context.RequestAborted);
        if (id is { } job) context.Response.SetJobId(job);
        if (end.Attempts > 0) context.Response.SetAttempts(end.Attempts);
        if (end.Error is { } error) return new OpenAIError(error);

        var (output, unusable) = StoredEmbeddings.Read(end.Output!);
        if (output is { } embeddings) return new EmbeddingAnswer(call.Model, embeddings);

        Log.ResultUnusable(logger, $"{id}", unusable!.Message);
        return new OpenAIError(unusable);
    }
}
