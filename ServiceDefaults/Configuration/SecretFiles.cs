using Microsoft.Extensions.Configuration;

namespace AiPlatform.ServiceDefaults.Configuration;

/// <summary>Settings that are files, as Docker, Kubernetes and the drivers of key vaults mount secrets.</summary>
internal static class SecretFiles
{
    /// <summary>A folder: each file is a setting, its name the key with <c>__</c> for <c>:</c>, its text the value. Default none.</summary>
    public const string PathKey = "Secrets:Path";

    extension(IConfigurationManager configuration)
    {
        /// <summary>Adds the folder's files, which go before every other source, and follows their changes.</summary>
        /// <exception cref="DirectoryNotFoundException">There is no such folder; the message names the setting.</exception>
        public void AddSecretFiles()
        {
            if (configuration[PathKey] is not { Length: > 0 } path) return;

            var folder = Path.GetFullPath(path);
            if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"{PathKey} is '{path}', and there is no such folder.");
            configuration.AddKeyPerFile(folder, optional: false, reloadOnChange: true);
        }
    }
}
