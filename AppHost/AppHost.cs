// The whole system on one page: `dotnet run --project AppHost` starts it with the Aspire dashboard.
var builder = DistributedApplication.CreateBuilder(args);

// Accepted jobs live only here: an append-only file, not snapshots, and nothing is ever evicted.
var redis = builder.AddRedis("redis")
    .WithDataVolume()
    .WithArgs(context =>
    {
        // Aspire runs redis-server through a shell, as one last argument that holds the whole command.
        if (context.Args[^1] is not string command || !command.StartsWith("redis-server", StringComparison.Ordinal))
            throw new DistributedApplicationException("This version of Aspire starts Redis in another way: add the append-only file to it.");
        context.Args[^1] = $"{command} --appendonly yes --appendfsync everysec --maxmemory-policy noeviction";
    });

var inference = builder.AddProject<Projects.InferenceWorker>("inference")
    .WithReference(redis).WaitFor(redis)
    .WithEnvironment("Models__Path", Path.Combine(builder.AppHostDirectory, "..", "models"))
    .WithHttpHealthCheck("/health");

builder.AddProject<Projects.Gateway>("gateway")
    .WithReference(redis).WaitFor(redis)
    .WaitFor(inference)
    .WithExternalHttpEndpoints()
    .WithHttpHealthCheck("/health")
    .WithUrlForEndpoint("http", url => url.Url += "/openapi/v1.json");

builder.Build().Run();
