using AiPlatform.AppHost.Commands;
using AiPlatform.AppHost.Publishing;
using AiPlatform.AppHost.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AiPlatform.AppHost;

/// <summary>
/// The whole system on one page: <c>dotnet run --project AppHost</c> starts it with the Aspire dashboard. The settings of its parts are in
/// the files beside this one, and the deployments are in deploy/.
/// </summary>
internal static class Program
{
    /// <summary>
    /// Levels of what says little and much. While models load, a check that is not healthy yet would be an error with a stack trace every
    /// few seconds.
    /// </summary>
    private static readonly (string Category, LogLevel Level)[] Quiet =
    [
        ("Microsoft.AspNetCore", LogLevel.Warning), ("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None),
        ("System.Net.Http.HttpClient", LogLevel.Warning), ("StackExchange.Redis", LogLevel.None),
    ];

    /// <returns>The exit code: 1 when a setting is refused, which one line reports, or a step of publishing failed.</returns>
    public static int Main(string[] args)
    {
        DistributedApplication application;
        try
        {
            application = Build(args);
        }
        catch (DistributedApplicationException refused)
        {
            Console.Error.WriteLine($"error: {refused.Message.ReplaceLineEndings(" ")}");
            return 1;
        }

        application.Run();
        return Environment.ExitCode;
    }

    /// <summary>The system, not started.</summary>
    internal static DistributedApplication Build(string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(
            new DistributedApplicationOptions { Args = args, AssemblyName = typeof(Program).Assembly.FullName });
        // A source of settings would not do: adding one before the others reads all of them again, and loses what Aspire has set.
        foreach (var (category, level) in Quiet.Where(one => builder.Configuration[$"Logging:LogLevel:{one.Category}"] is null))
            builder.Services.AddLogging(logging => logging.AddFilter(category, level));
        var settings = HostSettings.Read(builder);
        var data = builder.ExecutionContext.IsRunMode ? RunData.Take(Path.Combine(settings.DataPath, "aspire")) : null;

        var redis = builder.AddJobRedis(settings, data);

        var inference = builder.AddProject<Projects.InferenceWorker>("inference")
            .WithReference(redis).WaitFor(redis)
            .WithReplicas(settings.Workers)
            .OnPort(null)
            .WithModels(settings)
            .WithProbes()
            .WithMessageContent()
            .WithWorkerLinks()
            .WithWorkerCommands(settings);

        var gateway = builder.AddProject<Projects.Gateway>("gateway")
            .WithReference(redis).WaitFor(redis)
            .WaitFor(inference)
            .WithReplicas(settings.Gateways)
            .OnPort(settings.GatewayPort)
            .WithExternalHttpEndpoints()
            .WithProviders()
            .WithApiKeys()
            .WithProbes()
            .WithMessageContent()
            .WithGatewayLinks();

        if (data is null) builder.AddDeployFiles(settings, gateway.Resource, inference.Resource);
        else gateway.WithRunKeys(data);

        // Disposed of with the application, which thus frees the folder.
        if (data is { } kept) builder.Services.AddSingleton(_ => kept);
        var application = builder.Build();
        application.Services.GetService<RunData>();
        return application;
    }
}
