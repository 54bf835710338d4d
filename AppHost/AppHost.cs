// The whole system on one page: `dotnet run --project AppHost` starts it with the Aspire dashboard.
var builder = DistributedApplication.CreateBuilder(args);

// Accepted jobs live only here: an append-only file, not snapshots, and nothing is ever evicted.
var redis = builder.AddRedis("redis")
    .WithDataVolume()
    .WithArgs("--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction");

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
