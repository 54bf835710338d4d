using AiPlatform.Gateway.Answers;
using AiPlatform.Gateway.Callers;
using AiPlatform.Gateway.Calls;
using AiPlatform.Gateway.Catalog;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.Limits;
using AiPlatform.Gateway.Models;
using AiPlatform.Gateway.Page;
using AiPlatform.Gateway.Providers;
using AiPlatform.Gateway.Providers.Routing;
using AiPlatform.Gateway.Queues;
using AiPlatform.Gateway.Results;
using AiPlatform.Gateway.Sites;
using AiPlatform.Gateway.StructuredOutput;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Gateway.Usage;
using AiPlatform.Gateway.Workers;
using AiPlatform.ServiceDefaults;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.Gateway;

/// <summary>The Gateway: accepts HTTP calls, and turns calls to models of our workers into jobs.</summary>
internal static class Program
{
    /// <summary>Serves until it is stopped; <c>key new</c> only makes an API key.</summary>
    public static async Task<int> Main(string[] args) => args is ["key", .. var rest]
        ? new KeyCommand(Console.Out, Console.Error, TimeProvider.System).Run(rest)
        : await ServiceProcess.RunAsync(args, Build);

    /// <summary>The whole application, not started.</summary>
    internal static WebApplication Build(string[] args)
    {
        var builder = ServiceProcess.CreateBuilder(args);
        builder.AddServiceDefaults("gateway", HealthStatus.Degraded);
        builder.AddGatewayLimits();
        builder.Services.AddCallers();
        builder.Services.AddLimits();
        builder.Services.AddPrices();
        builder.Services.AddCorsOrigins();
        builder.Services.AddRequestDecompression();
        builder.Services.AddJobStore();
        builder.Services.AddStructuredOutput();
        builder.Services.AddProviders();
        builder.Services.AddAnswers();
        builder.Services.AddModelCatalog();
        builder.Services.AddSweeping<ModelCatalog>();
        builder.Services.AddHostedService<QueueMetrics>();
        builder.Services.AddHostedService<RedisMetrics>();
        builder.Services.AddJobResults();
        builder.Services.AddJobCalls();
        builder.Services.AddLeasing<ProviderJobConsumer, ProviderQueues>();
        builder.Services.AddApiDescription();

        var app = builder.Build();
        app.UseMiddleware<FailureAnswers>();
        app.UseMiddleware<ImpliedMethods>();
        app.UseRouting();
        app.UseMiddleware<SiteCheck>();
        app.UseCors();
        app.UsePage();
        app.UseMiddleware<CallerCheck>();
        app.UseRequestDecompression();
        app.MapDefaultEndpoints();
        app.MapMetrics()?.WithMetadata(OperatorOnly.Mark, Dialect.Native);
        // No other name of a document is a route, so that it is answered as whatever is not there.
        app.MapOpenApi("/openapi/v1.json").AllowAnonymous();
        app.MapApiReference();
        app.MapSystem();
        app.MapTasks();
        app.MapAnswers();
        app.MapModels();
        app.MapJobs();
        app.MapQueues();
        app.MapWorkers();
        app.MapProviders();
        app.MapUsage();
        app.MapLimits();
        return app;
    }
}
