using System.Security.Cryptography;
using System.Text;

namespace AiPlatform.AppHost.Commands;

/// <summary>
/// The API keys of a local run, beside those of the configuration: files with their hashes, in a folder that the Gateway watches. Where
/// there are keys, the dashboard's commands have one of their own, which lives as long as the run.
/// </summary>
/// <param name="folder">The folder.</param>
internal sealed class RunKeys(string folder)
{
    /// <summary>Every setting of a key starts with it.</summary>
    public const string Prefix = "ApiKeys__";

    private const string Tenant = "aspire-dashboard";

    private readonly Lock _gate = new();
    private string? _own;

    /// <summary>The operator's key that commands send; null where nobody needs a key.</summary>
    public string? Own
    {
        get
        {
            lock (_gate) return _own;
        }
    }

    /// <summary>Lets the dashboard's commands in, if there are keys: those of the configuration, or of an earlier run.</summary>
    public void LetCommandsIn(bool hasConfigured)
    {
        lock (_gate)
        {
            var isOfCommands = $"{Prefix}{Tenant}__";
            var hasOthers = hasConfigured || Directory.EnumerateFiles(folder, $"{Prefix}*")
                .Any(file => !Path.GetFileName(file).StartsWith(isOfCommands, StringComparison.Ordinal));
            if (hasOthers) AddOwn();
            else foreach (var old in Directory.EnumerateFiles(folder, $"{isOfCommands}*")) File.Delete(old);
        }
    }

    /// <summary>Lets a key in. The Gateway knows it within seconds.</summary>
    /// <param name="settings">Names of variables, such as <c>ApiKeys__search__Role</c>, and their values.</param>
    public void LetIn(IEnumerable<string[]> settings)
    {
        lock (_gate)
        {
            AddOwn();
            foreach (var setting in settings) Write(setting[0], setting[1]);
        }
    }

    private void AddOwn()
    {
        if (_own is not null) return;
        _own = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        Write($"{Prefix}{Tenant}__Sha256", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_own))));
        Write($"{Prefix}{Tenant}__Role", "operator");
    }

    /// <summary>Readers never see half a file.</summary>
    private void Write(string name, string value)
    {
        var draft = Path.Combine(Path.GetDirectoryName(folder)!, $"{name}.draft");
        File.WriteAllText(draft, value);
        File.Move(draft, Path.Combine(folder, name), overwrite: true);
    }
}
