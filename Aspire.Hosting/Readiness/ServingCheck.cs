using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.Hosting.Readiness;

/// <summary>
/// Whether the Gateway is ready and not degraded, a worker lives, and every model that the AppHost names is served. The Gateway's probe
/// alone says less: without Redis or workers it still answers, and an orchestrator must not take it out of rotation.
/// </summary>
/// <param name="platform">The server.</param>
/// <param name="models">The models that must be served, by the names that requests use.</param>
internal sealed partial class ServingCheck(AiPlatformResource platform, IReadOnlyCollection<string> models) : IHealthCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>One for all: it is made without a factory, whose log would have lines for every check.</summary>
    private static readonly HttpClient Http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1) });

    /// <summary>What the Gateway's check of its catalog says.</summary>
    [GeneratedRegex(@"\b0 workers live\b")]
    private static partial Regex NoWorkers { get; }

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var problem = await ProblemAsync(limit.Token).ConfigureAwait(false);
            return problem is null
                ? HealthCheckResult.Healthy() : new HealthCheckResult(context.Registration.FailureStatus, problem);
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException or JsonException or OperationCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, "The Gateway does not answer.", unreachable);
        }
    }

    private async Task<string?> ProblemAsync(CancellationToken cancellationToken)
    {
        if (await platform.Endpoint.GetValueAsync(cancellationToken).ConfigureAwait(false) is not { } text) return "It has no address yet.";
        var address = new Uri(text);
        if (await ProblemOfGatewayAsync(address, cancellationToken).ConfigureAwait(false) is { } own) return own;
        foreach (var model in models)
            if (await ProblemOfAsync(model, address, cancellationToken).ConfigureAwait(false) is { } problem) return problem;
        return null;
    }

    private static async Task<string?> ProblemOfGatewayAsync(Uri address, CancellationToken cancellationToken)
    {
        using var reply = await Http.GetAsync(new Uri(address, "/health"), cancellationToken).ConfigureAwait(false);
        using var health = JsonDocument.Parse(await reply.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        var checks = health.RootElement.GetProperty("checks").EnumerateArray().ToList();
        var problems = checks.Where(check => !IsHealthy(check)).Select(Detail).ToList();
        if (!reply.IsSuccessStatusCode) return $"The Gateway is not ready: {string.Join(' ', problems)}";
        if (!IsHealthy(health.RootElement)) return $"The Gateway is degraded: {string.Join(' ', problems)}";
        return checks.Any(check => NoWorkers.IsMatch(Detail(check))) ? "No worker lives: jobs wait." : null;
    }

    private static bool IsHealthy(JsonElement item) => item.GetProperty("status").GetString() == nameof(HealthStatus.Healthy);

    private static string Detail(JsonElement check) => check.GetProperty("detail").GetString() ?? check.GetProperty("name").GetString()!;

    private async Task<string?> ProblemOfAsync(string model, Uri address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, $"/v1/models/{Uri.EscapeDataString(model)}"));
        if (platform.ApiKey is { } key)
        {
            var value = await key.GetValueAsync(cancellationToken).ConfigureAwait(false);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", value);
        }

        using var reply = await Http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        // Without a key in the connection string nobody here may ask.
        if (reply.StatusCode == HttpStatusCode.Unauthorized && platform.ApiKey is null) return null;
        if (reply.StatusCode == HttpStatusCode.NotFound) return $"No worker serves the model '{model}' yet.";
        if (!reply.IsSuccessStatusCode) return $"The Gateway answers {(int)reply.StatusCode} for the model '{model}'.";

        using var item = JsonDocument.Parse(await reply.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        return item.RootElement.TryGetProperty("available", out var available) && available.ValueKind == JsonValueKind.False
            ? $"No worker serves the model '{model}' at the moment." : null;
    }
}
