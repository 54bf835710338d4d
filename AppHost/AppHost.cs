using AiPlatform.AppHost.Commands;
using AiPlatform.AppHost.Publishing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AiPlatform.AppHost;

/// <summary>
/// The whole system on one page: <c>dotnet run --project AppHost</c> starts it with the Aspire dashboard. The settings of its parts are in
/// the files beside this one, its parts in the package Aspire.Hosting, and the deployments in deploy/.
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
        try
        {
            Build(args).Run();
            return Environment.ExitCode;
        }
        catch (DistributedApplicationException refused)
        {
            Console.Error.WriteLine($"error: {refused.Message.ReplaceLineEndings(" ")}");
            return 1;
        }
        catch (AggregateException failed) when (IsWithoutCertificate(failed))
        {
            Console.Error.WriteLine(
                "error: The profile https needs a developer certificate, and there is none that is valid: "
                + "'dotnet dev-certs https --trust' makes one. The profile http, which is the default, needs none.");
            return 1;
        }
    }

    /// <summary>Kestrel has no exception of its own for it.</summary>
    private static bool IsWithoutCertificate(AggregateException failed) =>
        failed.InnerException is InvalidOperationException { Message: var said }
        && said.StartsWith("Unable to configure HTTPS endpoint", StringComparison.Ordinal);

    /// <summary>The system, not started.</summary>
    internal static DistributedApplication Build(string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(
            new DistributedApplicationOptions { Args = args, AssemblyName = typeof(Program).Assembly.FullName });
        // A source of settings would not do: adding one before the others reads all of them again, and loses what Aspire has set.
        foreach (var (category, level) in Quiet.Where(one => builder.Configuration[$"Logging:LogLevel:{one.Category}"] is null))
            builder.Services.AddLogging(logging => logging.AddFilter(category, level));
        var settings = HostSettings.Read(builder);

        var ai = builder
            .AddAiPlatform<Projects.Gateway, Projects.InferenceWorker>("ai", settings.Apply)
            .WithWorkers(settings.Workers)
            .WithGateways(settings.Gateways)
            .WithHostPort(settings.GatewayPort)
            .WithModelsFolder(settings.ModelsPath)
            .WithDevices(settings)
            .WithProviders()
            .WithApiKeys();
        if (settings.MaxWorkers > settings.Workers) ai.WithSpareWorkers(settings.MaxWorkers - settings.Workers);
        foreach (var spare in ai.Resource.SpareWorkers) builder.CreateResourceBuilder((ProjectResource)spare).WithDrainCommand();
        var gateway = builder.CreateResourceBuilder((ProjectResource)ai.Resource.Gateway).WithExternalHttpEndpoints();
        var inference = builder.CreateResourceBuilder((ProjectResource)ai.Resource.Workers[0]).WithWorkerCommands(settings);
        if (!OperatingSystem.IsWindows() && settings.MaxWorkers > 1) inference.WithScaleCommand(settings.MaxWorkers);
        if (settings.RedisInsight && ai.Resource.Redis is RedisResource redis) builder.CreateResourceBuilder(redis).WithRedisInsight();

        if (builder.ExecutionContext.IsRunMode) gateway.WithRunKeys(ai.Resource.GetDataPath());
        else builder.AddDeployFiles(settings, gateway.Resource, inference.Resource);
        return builder.Build();
    }
}
