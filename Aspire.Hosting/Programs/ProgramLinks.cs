#pragma warning disable CS0618 // The order will be a property in a later version; the name stays.
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace AiPlatform.Hosting.Programs;

/// <summary>The links and the icons of the two programs in the dashboard.</summary>
internal static class ProgramLinks
{
    extension<T>(IResourceBuilder<T> program)
        where T : IResourceWithEndpoints
    {
        public IResourceBuilder<T> WithGatewayLinks() => program
            .WithIconName("Globe")
            .WithUrlForEndpoint(AiPlatformResource.EndpointName, url =>
            {
                url.DisplayText = "Page";
                url.DisplayOrder = 4;
            })
            .WithLink("/docs", "API reference", 3)
            .WithLink("/openapi/v1.json", "API document", 2)
            .WithLink("/health", "Health", 1);

        /// <summary>A worker has no page.</summary>
        public IResourceBuilder<T> WithWorkerLinks() => program
            .WithIconName("BrainCircuit")
            .WithUrlForEndpoint(AiPlatformResource.EndpointName, url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly)
            .WithLink("/health", "Health", 1);

        /// <param name="path">Below the program's own address.</param>
        /// <param name="text">The link's text.</param>
        /// <param name="order">The highest comes first.</param>
        private IResourceBuilder<T> WithLink(string path, string text, int order) => program.WithUrlForEndpoint(
            AiPlatformResource.EndpointName, _ => new ResourceUrlAnnotation { Url = path, DisplayText = text, DisplayOrder = order });
    }
}
