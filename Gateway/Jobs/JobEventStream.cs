using System.Reflection;
using AiPlatform.Gateway.Http;
using AiPlatform.Gateway.Results.Following;
using Microsoft.AspNetCore.Http.Metadata;

namespace AiPlatform.Gateway.Jobs;

/// <summary>
/// 200 with a job's events as they come, until the job has ended, the client disconnects, or the Gateway stops. In the last case the client
/// reconnects.
/// </summary>
internal sealed class JobEventStream(IAsyncEnumerable<EventPage> pages, long after) : IResult, IEndpointMetadataProvider
{
    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(string), ["text/event-stream"]));

    // :: Step 9: answer. The events of a job, as they happen.
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var services = httpContext.RequestServices;
        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);

        var response = httpContext.Response;
        response.SetEventStream();
        try
        {
            await response.StartAsync(end.Token);
            await new JobEventWriter(response.BodyWriter, services.GetRequiredService<TimeProvider>()).WriteAsync(pages, after, end.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The stream ends here, without 'done'.
        }
    }
}
