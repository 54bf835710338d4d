#pragma warning disable CS0618 // The order will be a property in a later version; the name stays.
namespace AiPlatform.AppHost;

/// <summary>The links and the icons of the two programs in the dashboard.</summary>
internal static class ProjectLinks
{
    extension(IResourceBuilder<ProjectResource> project)
    {
        public IResourceBuilder<ProjectResource> WithGatewayLinks() => project
            .WithIconName("Globe")
            .WithUrlForEndpoint("http", url =>
            {
                url.DisplayText = "Page";
                url.DisplayOrder = 4;
            })
            .WithLink("/docs", "API reference", 3)
            .WithLink("/openapi/v1.json", "API document", 2)
            .WithLink("/health", "Health", 1);

        /// <summary>A worker has no page.</summary>
        public IResourceBuilder<ProjectResource> WithWorkerLinks() => project
            .WithIconName("BrainCircuit")
            .WithUrlForEndpoint("http", url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly)
            .WithLink("/health", "Health", 1);

        /// <param name="path">Below the program's own address.</param>
        /// <param name="text">The link's text.</param>
        /// <param name="order">The highest comes first.</param>
        private IResourceBuilder<ProjectResource> WithLink(string path, string text, int order) => project.WithUrlForEndpoint(
            "http", _ => new ResourceUrlAnnotation { Url = path, DisplayText = text, DisplayOrder = order });
    }
}
