using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// <c>OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT</c>, the variable of OpenTelemetry's conventions: whether traces have the text of
/// prompts and answers. It is heeded in Development only, because whoever reads the traces then reads what callers wrote.
/// </summary>
internal sealed class ContentCapture(IConfiguration configuration, IHostEnvironment environment, ILogger<ContentCapture> logger)
    : IHostedService
{
    private const string Variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    /// <returns>Whether it is on.</returns>
    /// <exception cref="InvalidOperationException">It has an invalid value.</exception>
    public static bool IsOn(IConfiguration configuration, IHostEnvironment environment) =>
        IsWanted(configuration) && environment.IsDevelopment();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (IsOn(configuration, environment)) Log.ContentCaptured(logger);
        else if (IsWanted(configuration)) Log.ContentNotCaptured(logger, environment.EnvironmentName);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static bool IsWanted(IConfiguration configuration) => configuration[Variable] switch
    {
        null or "" => false,
        var text when bool.TryParse(text, out var on) => on,
        var text => throw new InvalidOperationException($"{Variable} is '{text}': use true or false."),
    };
}
