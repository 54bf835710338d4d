using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AiPlatform.Hosting.Readiness;

/// <summary>Lets the rows of the server and of its Gateway show in the dashboard whether they serve.</summary>
internal static class ServingRows
{
    extension<T>(IResourceBuilder<T> row)
        where T : IResource
    {
        /// <param name="check">The check's name.</param>
        /// <param name="platform">The server.</param>
        /// <param name="isGateway">
        /// Whether it is the Gateway's row: it is degraded where the server is unhealthy, and does not depend on models.
        /// </param>
        public IResourceBuilder<T> WithServingCheck(string check, AiPlatformResource platform, bool isGateway)
        {
            var models = isGateway ? [] : platform.NamedModels;
            row.ApplicationBuilder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
                check, _ => new ServingCheck(platform, models), isGateway ? HealthStatus.Degraded : HealthStatus.Unhealthy, tags: null));
            return row.WithHealthCheck(check);
        }
    }
}
