using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// The default log levels: information from the processes themselves, and warnings from the framework and libraries. The processes
/// themselves log their start and changes of their health.
/// </summary>
internal static class LogDefaults
{
    private static readonly Dictionary<string, string?> Levels = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft"] = "Warning",
        // This category logs a failure for each probe of a check that is not healthy.
        ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
        ["Logging:LogLevel:System"] = "Warning",
        ["Logging:LogLevel:Azure"] = "Warning",
        // What it warns of, a bus that is stopped before it has started, or a job that threw, the processes say themselves.
        ["Logging:LogLevel:MassTransit"] = "Critical",
        ["Logging:LogLevel:Polly"] = "Warning",
        // It writes a stack trace for each try of each connection; ConnectionLog says what is lost, and when it is back.
        ["Logging:LogLevel:StackExchange.Redis"] = "None",
    };

    extension(IConfigurationManager configuration)
    {
        /// <summary>Adds the levels as the first source, which every other source overrides.</summary>
        public void AddLogDefaults() => configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = Levels });
    }
}
