using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.Client.Hosting;

/// <summary>Whether the Gateway is ready for requests.</summary>
internal sealed class AiPlatformHealthCheck(AiPlatformClient client) : IHealthCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            return await client.IsHealthyAsync(limit.Token).ConfigureAwait(false)
                ? HealthCheckResult.Healthy()
                : new HealthCheckResult(context.Registration.FailureStatus, "The Gateway says that it is not ready.");
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException or OperationCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "The Gateway does not answer.", unreachable);
        }
    }
}
