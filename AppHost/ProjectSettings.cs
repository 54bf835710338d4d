using Microsoft.Extensions.Configuration;

namespace AiPlatform.AppHost;

/// <summary>Passes settings on to the two programs: what is configured here is what they run with.</summary>
internal static class ProjectSettings
{
    extension(IResourceBuilder<ProjectResource> project)
    {
        /// <summary>
        /// Ready and alive, as <c>docs/operations.md</c> describes them. The limits are wide: a model may hold every core for a
        /// second, and a worker that is restarted for being busy only gets slower.
        /// </summary>
#pragma warning disable ASPIREPROBES001 // For evaluation in this version; nothing else brings probes into a deployment.
        public IResourceBuilder<ProjectResource> WithProbes() => project
            // Without the endpoint's name Kubernetes is told to ask over https.
            .WithHttpProbe(ProbeType.Readiness, "/health", periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3, endpointName: "http")
            .WithHttpProbe(ProbeType.Liveness, "/alive", periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6, endpointName: "http");
#pragma warning restore ASPIREPROBES001

        /// <summary>Where the models are and what runs them. An image has its models beside the program, which is where it looks.</summary>
        public IResourceBuilder<ProjectResource> WithModels(HostSettings settings)
        {
            if (project.ApplicationBuilder.ExecutionContext.IsRunMode) project.WithEnvironment("Models__Path", settings.ModelsPath);
            return project.WithEnvironment("Models__Device", settings.Device);
        }

        /// <summary>
        /// The providers and their models, from the sections <c>Providers</c> and <c>Models</c>. A provider with an <c>ApiKey</c>,
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
        /// The keys of the section <c>ApiKeys</c>. A deployment always has an operator's key, or the Gateway would not listen;
        /// the parameter <c>operator-key-sha256</c> is its hash.
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
