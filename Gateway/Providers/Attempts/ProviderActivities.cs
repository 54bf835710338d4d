using System.Diagnostics;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Telemetry;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Gateway.Providers.Attempts;

/// <summary>
/// The span of a call to providers, from its first attempt to the end of the answer, with OpenTelemetry's GenAI names. Each failed attempt
/// is an event of it, and each request is a span of the HTTP client below it.
/// </summary>
internal static class ProviderActivities
{
    public static Activity? Start(ProviderCall call)
    {
        if (!TelemetrySources.Activities.HasListeners()) return null;

        var operation = ModelTasks.OperationOf(call.Request.Endpoint);
        var activity = TelemetrySources.Activities.StartActivity($"{operation} {call.Model.Name}", ActivityKind.Client);
        activity?.SetTag("gen_ai.operation.name", operation);
        activity?.SetTag("gen_ai.request.model", call.Model.Name);
        return activity;
    }

    /// <summary>Records a failed attempt.</summary>
    public static void Failed(ProviderModel model, AttemptFailure failure) => Activity.Current?.AddEvent(new ActivityEvent(
        "attempt failed",
        tags: new ActivityTagsCollection
        {
            ["gen_ai.provider.name"] = model.Provider.Name,
            ["gen_ai.request.model"] = model.Name,
            ["error.type"] = failure.Reason,
        }));

    /// <summary>Ends the span of a call, with the model that answered, the number of attempts, why others failed, and the usage.</summary>
    /// <param name="activity">The result of <see cref="Start"/>.</param>
    /// <param name="call">The call.</param>
    /// <param name="answered">The model that answered; null when none did.</param>
    /// <param name="usage">Tokens, as far as they are known.</param>
    /// <param name="error">The code of the error that the caller gets; null when it gets an answer.</param>
    /// <param name="answer">The whole answer; empty when there is none, or it was streamed.</param>
    public static void End(
        this Activity activity, ProviderCall call, ProviderModel? answered, TokenUsage usage, string? error,
        ReadOnlyMemory<byte> answer = default)
    {
        var model = answered ?? call.Model;
        activity.SetTag("gen_ai.provider.name", model.Provider.Name);
        activity.SetTag("server.address", model.Provider.Options.BaseUrl!.Host);
        activity.SetTag("server.port", model.Provider.Options.BaseUrl.Port);
        activity.SetTag("aiplatform.provider.attempts", call.Log.Made);
        if (call.Log.Failed.Count > 0) activity.SetTag("aiplatform.provider.attempt_failures", call.Log.ToString());
        if (answered is not null)
        {
            activity.SetTag("aiplatform.provider.model", answered.Name);
            activity.SetTag("gen_ai.response.model", answered.UpstreamName);
        }

        if (usage != default)
        {
            activity.SetTag("gen_ai.usage.input_tokens", usage.Input);
            activity.SetTag("gen_ai.usage.output_tokens", usage.Output);
        }

        MessageContent.Describe(activity, call.Request.Body, answer);
        if (error is not null) activity.Fail(error);
        activity.Dispose();
    }
}
