using AiPlatform.Tests.AppHost;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace AiPlatform.Tests.Hosting;

/// <summary>AppHosts of users of the package.</summary>
internal static class HostingModel
{
    /// <summary>The model of an AppHost with a server from projects, whose Redis is a process; nothing is started.</summary>
    public static AppHostModel FromProjects(Action<IResourceBuilder<AiPlatformResource>> change, params string[] arguments) =>
        Of(
            (builder, data) => change(builder.AddAiPlatform<Projects.Gateway, Projects.InferenceWorker>("ai", options =>
            {
                options.RedisStart = AiPlatformRedisStart.Process;
                options.DataPath = data;
            })),
            arguments);

    /// <summary>The same from images, whose Redis is a container.</summary>
    public static AppHostModel FromImages(Action<IResourceBuilder<AiPlatformResource>> change, params string[] arguments) =>
        Of(
            (builder, data) => change(builder.AddAiPlatform("ai", options =>
            {
                options.RedisStart = AiPlatformRedisStart.Container;
                options.DataPath = data;
            })),
            arguments);

    public static AppHostModel Of(Action<IDistributedApplicationBuilder, string> add, params string[] arguments) => new(data =>
    {
        var builder = Builder(arguments);
        add(builder, data);
        return builder.Build();
    });

    /// <summary>It finds the orchestrator where our AppHost does.</summary>
    public static IDistributedApplicationBuilder Builder(params string[] arguments) => DistributedApplication.CreateBuilder(
        new DistributedApplicationOptions
        {
            Args = arguments,
            AssemblyName = typeof(AiPlatform.AppHost.Program).Assembly.FullName,
            DisableDashboard = true,
        });
}
