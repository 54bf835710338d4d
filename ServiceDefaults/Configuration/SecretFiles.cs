using Microsoft.Extensions.Configuration;

namespace AiPlatform.ServiceDefaults.Configuration;

/// <summary>Settings in files, as Docker, Kubernetes and key vault drivers mount secrets.</summary>
internal static class SecretFiles
{
    /// <summary>
    /// A folder in which each file is a setting: its name is the key with <c>__</c> for <c>:</c>, and its text is the value. Default none.
    /// </summary>
    public const string PathKey = "Secrets:Path";

    extension(IConfigurationManager configuration)
    {
        /// <summary>Adds the folder's files, which override all other sources, and watches them for changes.</summary>
        /// <exception cref="DirectoryNotFoundException">The folder does not exist; the message names the setting.</exception>
        public void AddSecretFiles()
        {
            if (configuration[PathKey] is not { Length: > 0 } path) return;

            var folder = Path.GetFullPath(path);
            if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"{PathKey} is '{path}', and there is no such folder.");
            configuration.AddKeyPerFile(folder, optional: false, reloadOnChange: true);
        }
    }
}
