namespace AiPlatform.Gateway.Providers;

/// <summary>Opens streams of providers: what a caller gets has begun, and begun well.</summary>
internal sealed class ProviderStreams(ProviderCaller caller, StreamAttempt attempts)
{
    /// <param name="call">What is asked.</param>
    /// <param name="cancellationToken">The client's.</param>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public Task<ProviderEnd<OpenedStream>> OpenAsync(ProviderCall call, CancellationToken cancellationToken) =>
        caller.CallAsync(
            call, options => options.FirstByteTimeout,
            (model, token) =>
            {
                var asksUsage = !call.Request.IncludesUsage && model.Provider.Options.AskStreamUsage;
                var body = UpstreamBody.Write(call.Request, model, asksUsage, []);
                return attempts.RunAsync(model, call.Request.Endpoint, body, dropsUsage: asksUsage, collects: call.Check is not null, token);
            },
            cancellationToken);
}
