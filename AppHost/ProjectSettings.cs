using AiPlatform.AppHost.Commands;
using Microsoft.Extensions.Configuration;

namespace AiPlatform.AppHost;

/// <summary>Passes settings of AppHost on to the two programs.</summary>
internal static class ProjectSettings
{
    private const string SecretsPath = "Secrets:Path";

    extension(IResourceBuilder<AiPlatformResource> platform)
    {
        /// <summary>Passes the device of the models, and what is set about it.</summary>
        public IResourceBuilder<AiPlatformResource> WithDevices(HostSettings settings)
        {
            foreach (var (key, value) in settings.DeviceSettings) platform.WithWorkerSetting(key, value);
            return platform.WithDevice(settings.Device);
        }

        /// <summary>
        /// Passes the providers and their models, from the sections <c>Providers</c> and <c>Models</c>. A provider with an <c>ApiKey</c>,
        /// also an empty one, gets the secret parameter <c>{name}-api-key</c>.
        /// </summary>
        public IResourceBuilder<AiPlatformResource> WithProviders()
        {
            var configuration = platform.ApplicationBuilder.Configuration;
            foreach (var model in configuration.GetSection("Models").GetChildren().Where(entry => entry["Provider"] is not null))
                platform.WithSection(model);
            foreach (var provider in configuration.GetSection("Providers").GetChildren())
            {
                platform.WithSection(provider, "BaseUrl", "ApiKey");
                var address = provider["BaseUrl"] ?? "";
                if (provider["ApiKey"] is not { } key)
                {
                    platform.WithProvider(provider.Key, address);
                    continue;
                }

                var name = $"{provider.Key.ToLowerInvariant().Replace('_', '-').Replace('.', '-')}-api-key";
                platform.WithProvider(provider.Key, address, key.Length > 0
                    ? platform.ApplicationBuilder.AddParameter(name, () => key, secret: true)
                    : platform.ApplicationBuilder.AddParameter(name, secret: true));
            }

            return platform;
        }

        /// <summary>
        /// Passes the keys of the section <c>ApiKeys</c>. A deployment always has an operator's key, because the Gateway would not listen
        /// without one; the parameter <c>operator-key-sha256</c> is its hash.
        /// </summary>
        public IResourceBuilder<AiPlatformResource> WithApiKeys()
        {
            var builder = platform.ApplicationBuilder;
            platform.WithSection(builder.Configuration.GetSection("ApiKeys"));
            return builder.ExecutionContext.IsRunMode
                ? platform
                : platform.WithApiKeyHash(builder.AddParameter("operator-key-sha256", secret: true), "operator", isOperator: true);
        }

        private void WithSection(IConfigurationSection section, params string[] except)
        {
            foreach (var (key, value) in section.AsEnumerable())
            {
                if (value is null) continue;
                KnownNames.Require(key, value);
                if (!except.Any(one => string.Equals(key, $"{section.Path}:{one}", StringComparison.OrdinalIgnoreCase)))
                    platform.WithGatewaySetting(key, value);
            }
        }
    }

    extension(IResourceBuilder<ProjectResource> gateway)
    {
        /// <summary>
        /// Lets the Gateway read keys that the dashboard's command makes, and adds that command and those for queues, which have a key of
        /// their own.
        /// </summary>
        /// <param name="data">The folder of what a local run keeps.</param>
        public IResourceBuilder<ProjectResource> WithRunKeys(string data)
        {
            var configuration = gateway.ApplicationBuilder.Configuration;
            var folder = configuration[SecretsPath] is { Length: > 0 } own
                ? Path.GetFullPath(own) : Directory.CreateDirectory(Path.Combine(data, "secrets")).FullName;
            var keys = new RunKeys(folder);
            keys.LetCommandsIn(hasConfigured: configuration.GetSection("ApiKeys").GetChildren().Any());
            return gateway
                .WithEnvironment(SecretsPath.Replace(":", "__", StringComparison.Ordinal), folder)
                .WithQueueCommands(keys)
                .WithKeyCommand(keys);
        }
    }
}
