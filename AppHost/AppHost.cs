namespace AiPlatform.AppHost;

/// <summary>
/// The whole system on one page: <c>dotnet run --project AppHost</c> starts it with the Aspire dashboard. The settings of its parts are in
/// the files beside this one, and the deployments are in deploy/.
/// </summary>
internal static class Program
{
    /// <returns>The exit code: 1 when a setting is refused, which one line reports.</returns>
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
        return 0;
    }

    /// <summary>The system, not started.</summary>
    internal static DistributedApplication Build(string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(
            new DistributedApplicationOptions { Args = args, AssemblyName = typeof(Program).Assembly.FullName });
        var settings = HostSettings.Read(builder);

        var redis = builder.AddJobRedis(settings);

        var inference = builder.AddProject<Projects.InferenceWorker>("inference")
            .WithReference(redis).WaitFor(redis)
            .WithReplicas(settings.Workers)
            .WithModels(settings)
            .WithProbes();

        builder.AddProject<Projects.Gateway>("gateway")
            .WithReference(redis).WaitFor(redis)
            .WaitFor(inference)
            .WithReplicas(settings.Gateways)
            .WithExternalHttpEndpoints()
            .WithProviders()
            .WithApiKeys()
            .WithProbes()
            .WithUrlForEndpoint("http", _ => new ResourceUrlAnnotation { Url = "/openapi/v1.json", DisplayText = "API document" })
            .WithQueueCommands(settings);

        return builder.Build();
    }
}
