using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.Client.Hosting;

/// <summary>Whether the Gateway is ready for requests.</summary>
internal sealed class AiPlatformHealthCheck(AiPlatformClient client) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await client.IsHealthyAsync(cancellationToken).ConfigureAwait(false)
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(context.Registration.FailureStatus, "The Gateway does not answer, or says that it is not ready.");
}
