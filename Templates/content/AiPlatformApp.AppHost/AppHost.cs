using Microsoft.Extensions.Configuration;

var builder = DistributedApplication.CreateBuilder(args);

// A server that runs already (ConnectionStrings__ai=Endpoint=…;Key=…;Model=…), or one of this solution's own.
IResourceBuilder<IResourceWithConnectionString> ai = builder.Configuration.GetConnectionString("ai") is not null
    ? builder.AddConnectionString("ai")
#if (HasCheckout)
    : builder.AddAiPlatformFromCheckout("ai", @"CHECKOUT-FOLDER").WithDefaultModel("MODEL-NAME");
#else
    : builder.AddAiPlatform("ai").WithDefaultModel("MODEL-NAME");
#endif

builder.AddProject<Projects.CLASS-NAME_Service>("service")
    .WithReference(ai)
    .WaitFor(ai)
    .WithHttpEndpoint()
    .WithHttpHealthCheck("/health");

builder.Build().Run();
