using AiPlatform.Gateway.Providers.Attempts;
using AiPlatform.Gateway.Providers.Requests;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Telemetry;

namespace AiPlatform.Gateway.Providers.Streams;

/// <summary>Opens streams of providers. A stream is returned only after a valid first event.</summary>
internal sealed class ProviderStreams(RetryLoop caller, StreamAttempt attempts, ILogger<ProviderStreams> logger)
{
    /// <param name="call">The call.</param>
    /// <param name="cancellationToken">The client's token.</param>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public Task<RetryEnd<OpenedStream>> OpenAsync(ProviderCall call, CancellationToken cancellationToken) =>
        caller.CallAsync(call, options => options.FirstByteTimeout, (model, limit) => OpenAsync(call, model, limit), cancellationToken);

    /// <summary>
    /// Opens a stream, and asks for the usage if the caller did not. If the provider refuses this field, it is no longer sent.
    /// </summary>
    private async ValueTask<AttemptEnd<OpenedStream>> OpenAsync(ProviderCall call, ProviderModel model, AttemptLimit limit)
    {
        var asksUsage = !call.Request.IncludesUsage && model.Provider.Options.AskStreamUsage && model.TakesStreamOptions;
        var end = await OpenAsync(call, model, asksUsage, limit);
        if (!asksUsage || end.Failure is not { NamesStreamOptions: true } refused) return end;

        model.TakesStreamOptions = false;
        Log.StreamOptionsRefused(logger, model.Name, model.Provider.Name);
        call.Log.Failure(model, refused);
        call.Log.Begin();
        return await OpenAsync(call, model, asksUsage: false, limit);
    }

    private ValueTask<AttemptEnd<OpenedStream>> OpenAsync(ProviderCall call, ProviderModel model, bool asksUsage, AttemptLimit limit) =>
        attempts.RunAsync(
            model, call.Request.Endpoint, UpstreamBody.Write(call.Request, model, asksUsage, []), dropsUsage: asksUsage,
            collects: call.Check is not null, limit);
}
