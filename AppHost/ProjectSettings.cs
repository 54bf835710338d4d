using AiPlatform.AppHost.Commands;
using Microsoft.Extensions.Configuration;

namespace AiPlatform.AppHost;

/// <summary>Passes settings on to the two programs.</summary>
internal static class ProjectSettings
{
    /// <summary>The variable of OpenTelemetry's conventions.</summary>
    private const string MessageContent = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    private const string SecretsPath = "Secrets:Path";

    extension(IResourceBuilder<ProjectResource> project)
    {
        /// <summary>
        /// Gives the program's own endpoint a port on this machine; null for a free one. Otherwise it would have the port of its launch
        /// profile, where another program may listen.
        /// </summary>
        public IResourceBuilder<ProjectResource> OnPort(int? port) => project.WithEndpoint("http", endpoint => endpoint.Port = port);

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
        /// Passes on whether traces have the text of prompts and answers. The programs heed it only in Development.
        /// </summary>
        public IResourceBuilder<ProjectResource> WithMessageContent() =>
            project.ApplicationBuilder is { ExecutionContext.IsRunMode: true, Configuration: var configuration }
            && configuration[MessageContent] is { Length: > 0 } wanted
                ? project.WithEnvironment(MessageContent, wanted) : project;

        /// <summary>
        /// Lets the Gateway read keys that the dashboard's command makes, and adds that command and those for queues, which have a key of
        /// their own.
        /// </summary>
        public IResourceBuilder<ProjectResource> WithRunKeys(RunData data)
        {
            var configuration = project.ApplicationBuilder.Configuration;
            var folder = configuration[SecretsPath] is { Length: > 0 } own ? Path.GetFullPath(own) : data.SecretsPath;
            var keys = new RunKeys(folder);
            keys.LetCommandsIn(hasConfigured: configuration.GetSection("ApiKeys").GetChildren().Any());
            return project
                .WithEnvironment(SecretsPath.Replace(":", "__", StringComparison.Ordinal), folder)
                .WithQueueCommands(keys)
                .WithKeyCommand(keys);
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
