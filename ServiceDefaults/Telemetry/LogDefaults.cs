using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// What is logged unless a setting says otherwise: what the processes themselves have to say, and the warnings of what they are made of.
/// They say themselves that they have started, and when their health changes.
/// </summary>
internal static class LogDefaults
{
    private static readonly Dictionary<string, string?> Levels = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft"] = "Warning",
        // It writes a failure for each probe of a check that is not healthy.
        ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
        ["Logging:LogLevel:System"] = "Warning",
        ["Logging:LogLevel:Azure"] = "Warning",
        ["Logging:LogLevel:MassTransit"] = "Warning",
        ["Logging:LogLevel:Polly"] = "Warning",
        // It writes every step of a connection.
        ["Logging:LogLevel:StackExchange.Redis"] = "Warning",
    };

    extension(IConfigurationManager configuration)
    {
        /// <summary>Adds the levels behind every other source.</summary>
        public void AddLogDefaults() => configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = Levels });
    }
}
