using System.Diagnostics;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Limits;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Providers.Streams;
using AiPlatform.Gateway.Providers.Whole;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs.Usage;

namespace AiPlatform.Gateway.Providers;

/// <summary>Answers a synchronous call to a provider's model, whole or as a stream. The headers say which attempts were made.</summary>
internal sealed class DirectCalls(
    WholeAnswers answers, ProviderStreams streams, UsageLedger usage, ProviderMetrics metrics, CallLimiter limiter, TimeProvider time,
    ILogger<DirectCalls> logger)
{
    /// <summary>A Redis that takes longer to count a call is left out.</summary>
    private static readonly TimeSpan LimitsWait = TimeSpan.FromSeconds(1);

    /// <param name="context">The call.</param>
    /// <param name="route">The request and its models.</param>
    /// <param name="timeout">The caller's time limit; null for the model's own limit, which it can only shorten.</param>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public async Task<IResult> AnswerAsync(HttpContext context, RoutedRequest route, TimeSpan? timeout)
    {
        if (route.Request.Streams)
        {
            return await LimitAsync(context, route, timeout) is { } limited
                ? new OpenAIError(limited)
                : await RunAsync(context, route, timeout, StreamAsync);
        }

        var end = await AskAsync(context, route, timeout);
        if (end.Answer is { } answer) return new PassedAnswer(StatusCodes.Status200OK, answer.Body);
        return end.Refused is { } refused ? new PassedAnswer(refused.Status, refused.Body) : Failed(context, end.Error!);
    }

    /// <summary>
    /// Gets a whole answer, counts it, and sets the headers about its attempts. The caller of this method writes the response.
    /// </summary>
    /// <inheritdoc cref="AnswerAsync"/>
    public async Task<WholeAnswerEnd> AskAsync(HttpContext context, RoutedRequest route, TimeSpan? timeout) =>
        await LimitAsync(context, route, timeout) is { } limited
            ? new WholeAnswerEnd(null, null, default, limited, null)
            : await RunAsync(context, route, timeout, AskAsync);

    /// <summary>
    /// Counts the call against its caller's limits. While Redis is away, calls to providers go on, and are counted as usage only.
    /// </summary>
    private async ValueTask<InferenceError?> LimitAsync(HttpContext context, RoutedRequest route, TimeSpan? timeout)
    {
        if (limiter.Of(context) is not { } limits) return null;

        using var patience = new CancellationTokenSource(LimitsWait, time);
        try
        {
            return await limits.TakeAsync(
                $"{Guid.NewGuid():n}", route.Request.Tokens, timeout ?? route.Model.Options.Timeout, waits: true, isRepeatable: false,
                patience.Token);
        }
        catch (Exception away) when (away is QueueUnavailableException or OperationCanceledException)
        {
            Log.LimitsAway(logger, away.Message);
            return null;
        }
    }

    private async Task<WholeAnswerEnd> AskAsync(HttpContext context, ProviderCall call, Activity? activity)
    {
        var end = await answers.AnswerAsync(call, context.RequestAborted);
        End(context, call, activity, end.Model, end.Usage, end.Error?.Code, end.Answer?.Body ?? default);
        Describe(context.Response, call, end.Model);
        return end;
    }

    private async Task<IResult> StreamAsync(HttpContext context, ProviderCall call, Activity? activity)
    {
        var end = await streams.OpenAsync(call, context.RequestAborted);
        // The stream and its slot are released at the end of the request, whatever happens to the answer.
        if (end.Result is { } opened) context.Response.RegisterForDispose(opened);
        Describe(context.Response, call, end.Model);
        if (end.Result is { } stream)
        {
            return new ProviderStreamAnswer(stream, call, error => EndStreamAsync(context, call, activity, stream, error));
        }

        End(context, call, activity, answered: null, default, end.Failure!.Error.Code);
        return end.Failure.Answer is { } refused ? new PassedAnswer(refused.Status, refused.Body)
            : Failed(context, end.Failure.Error);
    }

    // :: Step P3: call. The call's deadline begins, and its usage is counted, however it ends.
    private async Task<T> RunAsync<T>(
        HttpContext context, RoutedRequest route, TimeSpan? timeout, Func<HttpContext, ProviderCall, Activity?, Task<T>> run)
    {
        var call = ProviderCall.Of(route, context.Caller.Tenant, timeout, time);
        var activity = ProviderActivities.Start(call);
        try
        {
            return await run(context, call, activity);
        }
        catch (OperationCanceledException)
        {
            End(context, call, activity, answered: null, call.UsedUntilNow, ProviderCall.ClientGone);
            throw;
        }
    }

    private Task EndStreamAsync(HttpContext context, ProviderCall call, Activity? activity, OpenedStream stream, string? error)
    {
        End(context, call, activity, stream.Model, stream.UsageOf(call.Request, isWhole: error is null), error);
        return CallLimiter.EndAsync(context);
    }

    private void End(
        HttpContext context, ProviderCall call, Activity? activity, ProviderModel? answered, TokenUsage tokens, string? error,
        ReadOnlyMemory<byte> answer = default)
    {
        var limits = limiter.Of(context);
        limits?.Used(tokens.Input + tokens.Output);
        // A client that disconnects is not a failure of the model, and its tokens count, because the provider bills them.
        usage.Add(call.Tenant, call.Model.Name, failed: error is not null and not ProviderCall.ClientGone, tokens.Input, tokens.Output,
            tokens.Estimated, limits?.Hold);
        metrics.Ended(call, answered, tokens, error);
        activity?.End(call, answered, tokens, error, answer);
    }

    private static OpenAIError Failed(HttpContext context, InferenceError error)
    {
        // All useful retries have been made. A retry by the caller's SDK would only add load.
        if (error.Kind is InferenceErrorKind.ProviderFailed or InferenceErrorKind.ProviderTimeout)
            context.Response.Headers[RetryHeaders.ShouldRetryName] = "false";
        return new OpenAIError(error);
    }

    private static void Describe(HttpResponse response, ProviderCall call, ProviderModel? answered)
    {
        response.SetModel((answered ?? call.Model).Name);
        response.SetProvider((answered ?? call.Model).Provider.Name);
        response.SetAttempts(call.Log.Made);
        if (call.Log.Failed.Count > 0) response.SetAttemptFailures(call.Log.ToString());
    }
}

/// <summary>A provider's whole answer, or its refusal, unchanged.</summary>
internal sealed class PassedAnswer(int status, ReadOnlyMemory<byte> body) : IResult
{
    public int Status => status;

    // :: Step P8: answer. The provider's answer is passed on unchanged.
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body, httpContext.RequestAborted);
    }
}
