using Microsoft.Extensions.Configuration;

namespace AiPlatform.AppHost;

/// <summary>Passes settings on to the two programs.</summary>
internal static class ProjectSettings
{
    extension(IResourceBuilder<ProjectResource> project)
    {
        /// <summary>
        /// Adds the probes for readiness and liveness that <c>docs/operations.md</c> describes. The limits are generous: a model may use
        /// every core for a second, and restarting a busy worker only makes it slower.
        /// </summary>
#pragma warning disable ASPIREPROBES001 // For evaluation in this version; nothing else brings probes into a deployment.
        public IResourceBuilder<ProjectResource> WithProbes() => project
            // Without the endpoint's name the probe for Kubernetes would use https.
            .WithHttpProbe(ProbeType.Readiness, "/health", periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3, endpointName: "http")
            .WithHttpProbe(ProbeType.Liveness, "/alive", periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6, endpointName: "http");
#pragma warning restore ASPIREPROBES001

        /// <summary>
        /// Passes the folder and the device of the models, and what is set about the device. An image has its models beside the program,
        /// which is the default folder.
        /// </summary>
        public IResourceBuilder<ProjectResource> WithModels(HostSettings settings)
        {
            if (project.ApplicationBuilder.ExecutionContext.IsRunMode) project.WithEnvironment("Models__Path", settings.ModelsPath);
            foreach (var (key, value) in settings.DeviceSettings)
                project.WithEnvironment(key.Replace(":", "__", StringComparison.Ordinal), value);
            return project.WithEnvironment("Models__Device", settings.Device);
        }

        /// <summary>
        /// Passes the providers and their models, from the sections <c>Providers</c> and <c>Models</c>. A provider with an <c>ApiKey</c>,
        /// also an empty one, gets the secret parameter <c>{name}-api-key</c>.
        /// </summary>
        public IResourceBuilder<ProjectResource> WithProviders()
        {
            var configuration = project.ApplicationBuilder.Configuration;
            foreach (var model in configuration.GetSection("Models").GetChildren().Where(entry => entry["Provider"] is not null))
                project.WithSection(model);
            foreach (var provider in configuration.GetSection("Providers").GetChildren())
            {
                project.WithSection(provider, except: "ApiKey");
                if (provider["ApiKey"] is not { } key) continue;

                var name = $"{provider.Key.ToLowerInvariant().Replace('_', '-').Replace('.', '-')}-api-key";
                var parameter = key.Length > 0
                    ? project.ApplicationBuilder.AddParameter(name, () => key, secret: true)
                    : project.ApplicationBuilder.AddParameter(name, secret: true);
                project.WithEnvironment($"Providers__{provider.Key}__ApiKey", parameter);
            }

            return project;
        }

        /// <summary>
        /// Passes the keys of the section <c>ApiKeys</c>. A deployment always has an operator's key, because the Gateway would not listen
        /// without one; the parameter <c>operator-key-sha256</c> is its hash.
        /// </summary>
        public IResourceBuilder<ProjectResource> WithApiKeys()
        {
            project.WithSection(project.ApplicationBuilder.Configuration.GetSection("ApiKeys"));
            if (project.ApplicationBuilder.ExecutionContext.IsRunMode) return project;

            return project
                .WithEnvironment("ApiKeys__operator__Sha256", project.ApplicationBuilder.AddParameter("operator-key-sha256", secret: true))
                .WithEnvironment("ApiKeys__operator__Role", "operator");
        }

        private void WithSection(IConfigurationSection section, string? except = null)
        {
            var set = section.AsEnumerable().Where(entry => entry.Value is not null && entry.Key != $"{section.Path}:{except}");
            foreach (var (key, value) in set)
                project.WithEnvironment(key.Replace(":", "__", StringComparison.Ordinal), value);
        }
    }
}
