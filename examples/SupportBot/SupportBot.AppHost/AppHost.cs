var builder = DistributedApplication.CreateBuilder(args);

// The whole server: Redis, a worker and the Gateway. With packages it is AddAiPlatform("ai"), whose programs are container images.
// Redis is the machine's redis-server here, so that nothing of this needs a container engine.
var ai = builder
    .AddAiPlatform<Projects.Gateway, Projects.InferenceWorker>("ai", options => options.RedisStart = AiPlatformRedisStart.Process)
    .WithModel("../../../models/smollm2-135m-instruct")
    .WithDefaultModel("smollm2-135m-instruct");

builder.AddProject<Projects.SupportBot_Api>("api")
    .WithReference(ai)
    .WaitFor(ai)
    .WithHttpEndpoint()
    .WithHttpHealthCheck("/health");

builder.Build().Run();
