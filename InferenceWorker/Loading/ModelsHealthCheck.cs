using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.InferenceWorker.Loading;

/// <summary>
/// Checks that at least one model is loaded, warm and announced. Models that could not be loaded are named with their errors.
/// </summary>
internal sealed class ModelsHealthCheck(ServedModels models) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Check());

    private HealthCheckResult Check()
    {
        if (models.Progress is { } progress) return HealthCheckResult.Unhealthy($"Not ready yet: {progress}.");

        var refused = string.Join(" ", models.Refused.Select(one => $"Not served: {one.Name}. {one.Problem}"));
        if (models.Loaded.Count == 0) return HealthCheckResult.Unhealthy($"No model could be loaded. {refused}");

        if (!models.IsAnnounced) return HealthCheckResult.Unhealthy("Not ready yet: the models have not been announced to the Gateways.");

        var served = string.Join(", ", models.Loaded.Select(one => one.Manifest.Name));
        return HealthCheckResult.Healthy($"Served on {models.Device!.Name}: {served}. {refused}".TrimEnd());
    }
}
