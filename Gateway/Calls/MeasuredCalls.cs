using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.Limits;
using AiPlatform.Gateway.Providers;
using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Streams;
using AiPlatform.Gateway.Telemetry;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Calls;

/// <summary>Measures the outcome and the duration of calls to models, for all routes.</summary>
internal sealed class MeasuredCalls(GatewayMetrics metrics, TimeProvider time, IOptions<GatewayOptions> options)
{
    /// <param name="context">The call.</param>
    /// <param name="endpoint">Its route.</param>
    /// <param name="run">Answers the call.</param>
    /// <exception cref="BadHttpRequestException">The body cannot be read.</exception>
    /// <exception cref="QueueUnavailableException">Redis does not serve.</exception>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public async Task<IResult> RunAsync(HttpContext context, string endpoint, Func<Task<IResult>> run)
    {
        var arrived = time.GetTimestamp();
        var outcome = "internal_error";
        try
        {
            var result = await run();
            // A client that has its answer may call again at once. A stream ends its call itself.
            if (result is not (TaskStreamAnswer or ProviderStreamAnswer)) await CallLimiter.EndAsync(context);
            outcome = result switch
            {
                IErrorAnswer { Error.Code: var code } => code,
                PassedAnswer { Status: >= 400 } => "refused_by_provider",
                JobAccepted => "accepted",
                _ => "succeeded",
            };
            return result;
        }
        catch (BadHttpRequestException unreadable)
        {
            outcome = Refusals.BodyUnreadable(unreadable, options.Value.MaxBodyBytes).Code;
            throw;
        }
        catch (QueueUnavailableException)
        {
            outcome = "queue_unavailable";
            throw;
        }
        catch (OperationCanceledException)
        {
            outcome = ProviderCall.ClientGone;
            throw;
        }
        finally
        {
            metrics.Answered(endpoint, context.Response.Headers[CallHeaders.ModelName], outcome, time.GetElapsedTime(arrived));
        }
    }
}
