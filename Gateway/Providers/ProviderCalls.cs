using System.Diagnostics;
using AiPlatform.Gateway.Admission;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Usage;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Gateway.Providers;

/// <summary>Answers a synchronous call with a provider's model: whole or as a stream, with what was tried in the headers.</summary>
internal sealed class ProviderCalls(ProviderAnswers answers, ProviderStreams streams, UsageLedger usage, ProviderMetrics metrics, TimeProvider time)
{
    /// <param name="context">The call.</param>
    /// <param name="route">What is asked, and of whom.</param>
    /// <param name="timeout">What the caller allows, null for the model's own; never more than that.</param>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public Task<IResult> AnswerAsync(HttpContext context, ProviderRoute route, TimeSpan? timeout)
    {
        var call = ProviderCall.Of(route, context.Caller.Tenant, timeout, time);
        return TelemetrySources.Activities.HasListeners() ? TraceAsync(context, call) : RunAsync(context, call);
    }

    private async Task<IResult> TraceAsync(HttpContext context, ProviderCall call)
    {
        using var activity = StartActivity(call);
        try
        {
            return await RunAsync(context, call);
        }
        finally
        {
            activity?.SetTag("aiplatform.provider.attempts", call.Log.Made);
        }
    }

    private Task<IResult> RunAsync(HttpContext context, ProviderCall call) =>
        call.Request.Streams ? StreamAsync(context, call) : AnswerAsync(context, call);

    private async Task<IResult> AnswerAsync(HttpContext context, ProviderCall call)
    {
        var end = await answers.AnswerAsync(call, context.RequestAborted);
        Count(call, end.Usage, failed: end.Answer is null);
        Describe(context.Response, call, end.Model);
        if (end.Answer is { } answer) return new ProviderJsonAnswer(StatusCodes.Status200OK, answer.Body);
        return end.Refused is { } refused ? new ProviderJsonAnswer(refused.Status, refused.Body) : Failed(context, end.Error!);
    }

    private async Task<IResult> StreamAsync(HttpContext context, ProviderCall call)
    {
        var end = await streams.OpenAsync(call, context.RequestAborted);
        Describe(context.Response, call, end.Model);
        if (end.Result is { } stream)
            return new ProviderStreamAnswer(stream, call, failed => Count(call, stream.Usage, failed));

        Count(call, default, failed: true);
        return end.Failure!.Answer is { } refused ? new ProviderJsonAnswer(refused.Status, refused.Body) : Failed(context, end.Failure.Error);
    }

    private void Count(ProviderCall call, TokenUsage tokens, bool failed)
    {
        usage.Add(call.Tenant, call.Model.Name, failed, tokens.Input, tokens.Output);
        metrics.Used(call.Model, tokens);
    }

    private static OpenAIError Failed(HttpContext context, InferenceError error)
    {
        // Every retry that could help has been made: one more by the caller's SDK would only add to the load.
        if (error.Kind is InferenceErrorKind.ProviderFailed or InferenceErrorKind.ProviderTimeout) context.Response.Headers["x-should-retry"] = "false";
        return new OpenAIError(error);
    }

    private static void Describe(HttpResponse response, ProviderCall call, ProviderModel? answered)
    {
        response.SetModel((answered ?? call.Model).Name);
        response.SetProvider((answered ?? call.Model).Provider.Name);
        response.SetAttempts(call.Log.Made);
        if (call.Log.Failed.Count > 0) response.SetAttemptFailures(call.Log.ToString());
    }

    private static Activity? StartActivity(ProviderCall call)
    {
        var operation = call.Request.Endpoint == Endpoints.Embeddings ? "embeddings" : "chat";
        var activity = TelemetrySources.Activities.StartActivity($"{operation} {call.Model.Name}", ActivityKind.Client);
        activity?.SetTag("gen_ai.operation.name", operation);
        activity?.SetTag("gen_ai.provider.name", call.Model.Provider.Name);
        activity?.SetTag("gen_ai.request.model", call.Model.UpstreamName);
        return activity;
    }
}
