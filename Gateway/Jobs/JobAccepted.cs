using System.Reflection;
using AiPlatform.Gateway.Http;
using AiPlatform.Jobs;
using Microsoft.AspNetCore.Http.Metadata;

namespace AiPlatform.Gateway.Jobs;

/// <summary>202 with a job and where to ask for it.</summary>
internal sealed class JobAccepted(Job job) : IResult, IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) => builder.Metadata.Add(
        new ProducesResponseTypeMetadata(StatusCodes.Status202Accepted, typeof(JobResource), ["application/json"]));

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = StatusCodes.Status202Accepted;
        response.Headers.Location = $"{JobsEndpoints.Path}/{job.Id}";
        response.SetJobId(job.Id);
        return response.WriteAsJsonAsync(
            JobResource.Of(job), JobJson.Readable.JobResource, "application/json", httpContext.RequestAborted);
    }
}
