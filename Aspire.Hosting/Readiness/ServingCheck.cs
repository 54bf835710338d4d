using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.Hosting.Readiness;

/// <summary>Whether the Gateway is ready, and every model that the AppHost names is served.</summary>
internal sealed class ServingCheck(AiPlatformResource platform) : IHealthCheck
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>One for all: it is made without a factory, whose log would have lines for every check.</summary>
    private static readonly HttpClient Http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(1) });

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
        using (var health = await Http.GetAsync(new Uri(address, "/health"), cancellationToken).ConfigureAwait(false))
            if (!health.IsSuccessStatusCode) return $"The Gateway is not ready: {(int)health.StatusCode}.";

        foreach (var model in platform.NamedModels)
            if (await ProblemOfAsync(model, address, cancellationToken).ConfigureAwait(false) is { } problem) return problem;
        return null;
    }

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
