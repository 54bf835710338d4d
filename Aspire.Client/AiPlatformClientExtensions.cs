using AiPlatform.Client;
using AiPlatform.Client.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.Hosting;

/// <summary>Registers clients of AiPlatform servers.</summary>
public static class AiPlatformClientExtensions
{
    private const string Section = "Aspire:AiPlatform:Client";

    /// <summary>
    /// Registers an <see cref="AiPlatformClient"/>, with a health check and its spans. Settings come from <c>Aspire:AiPlatform:Client</c>
    /// and <c>Aspire:AiPlatform:Client:{connectionName}</c>. The program does not start with a missing or wrong one; the Gateway need not
    /// be there yet.
    /// </summary>
    /// <param name="builder">The program.</param>
    /// <param name="connectionName">The name of the resource, or of the connection string.</param>
    /// <param name="configure">Changes the settings after they were read.</param>
    /// <returns>Registers what is made of the client.</returns>
    public static AiPlatformClientBuilder AddAiPlatformClient(
        this IHostApplicationBuilder builder, string connectionName, Action<AiPlatformClientSettings>? configure = null) =>
        Add(builder, connectionName, serviceKey: null, configure);

    /// <summary>The same for a program with several servers: what is registered has the key <paramref name="name"/>.</summary>
    /// <param name="builder">The program.</param>
    /// <param name="name">The name of the resource, or of the connection string, and the key of the services.</param>
    /// <param name="configure">Changes the settings after they were read.</param>
    /// <returns>Registers what is made of the client.</returns>
    public static AiPlatformClientBuilder AddKeyedAiPlatformClient(
        this IHostApplicationBuilder builder, string name, Action<AiPlatformClientSettings>? configure = null) =>
        Add(builder, name, serviceKey: name, configure);

    private static AiPlatformClientBuilder Add(
        IHostApplicationBuilder builder, string name, string? serviceKey, Action<AiPlatformClientSettings>? configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var settings = new AiPlatformClientSettings();
        builder.Configuration.GetSection(Section).Bind(settings);
        builder.Configuration.GetSection($"{Section}:{name}").Bind(settings);
        if (builder.Configuration.GetConnectionString(name) is { Length: > 0 } connection) settings.ConnectionString = connection;
        configure?.Invoke(settings);

        // What is missing or wrong ends the start, and not the registration: tools that only build the program need no server.
        // A service with the key null is one without a key.
        builder.Services.AddKeyedSingleton(
            serviceKey, (_, _) => new AiPlatformClient(settings.ToOptions(name, $"{Section}:{name}")));
        builder.Services.AddSingleton<IHostedService>(
            services => new StartCheck(() => services.GetRequiredKeyedService<AiPlatformClient>(serviceKey)));

        if (!settings.DisableTracing)
            builder.Services.AddOpenTelemetry().WithTracing(traces => traces.AddSource(AiPlatformClient.ActivitySourceName));
        if (!settings.DisableHealthChecks)
        {
            builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
                $"AiPlatform.Client_{name}",
                services => new AiPlatformHealthCheck(services.GetRequiredKeyedService<AiPlatformClient>(serviceKey)),
                failureStatus: null,
                tags: null));
        }

        return new AiPlatformClientBuilder(builder, serviceKey);
    }
}
