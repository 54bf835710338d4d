using System.Globalization;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Providers.Configuration;

/// <summary>Reads <see cref="ProviderSettings"/>. The error names all invalid settings at once, by their keys.</summary>
internal static class ProviderSettingsReader
{
    private static readonly ProviderOptionsValidator ProviderValidator = new();
    private static readonly ProviderModelOptionsValidator ModelValidator = new();
    private static readonly ProviderModelOptions Defaults = new();

    /// <exception cref="OptionsValidationException">The message names every invalid entry and its error, and never a secret.</exception>
    public static ProviderSettings Read(IConfiguration configuration)
    {
        List<string> errors = [];
        var providers = ReadEntries(configuration.GetSection(ProviderOptions.SectionName), _ => true, ProviderValidator, errors);
        var entries = ReadEntries(configuration.GetSection(ProviderModelOptions.SectionName), IsProviderModel, ModelValidator, errors);
        errors.AddRange(providers.SelectMany(entry => ErrorsOf(entry.Key, entry.Value)));

        var models = new Dictionary<string, ProviderModelOptions>(StringComparer.Ordinal);
        foreach (var (key, model) in entries)
        {
            if (!models.TryAdd(model.Name ?? key, model))
                errors.Add($"{PathOf(key)}: there are two models of the name '{model.Name ?? key}'.");
        }

        errors.AddRange(entries.SelectMany(entry => ErrorsOf(entry.Key, entry.Value, providers, models)));
        if (errors.Count > 0) throw new OptionsValidationException(ProviderOptions.SectionName, typeof(ProviderSettings), errors);
        return new ProviderSettings(
            providers, models.Where(entry => !IsWorkers(entry.Value)).ToDictionary(StringComparer.Ordinal),
            models.Where(entry => IsWorkers(entry.Value)).ToDictionary(StringComparer.Ordinal));
    }

    private static bool IsWorkers(ProviderModelOptions model) =>
        model.Provider.Equals(ProviderModelOptions.Workers, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Whether an entry is a provider's model. The workers' settings share this section; they are plain values and lists.
    /// </summary>
    private static bool IsProviderModel(IConfigurationSection entry) =>
        entry.GetChildren().Any(field => !int.TryParse(field.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _));

    private static Dictionary<string, T> ReadEntries<T>(
        IConfigurationSection section, Func<IConfigurationSection, bool> isEntry, IValidateOptions<T> validator, List<string> errors)
        where T : class, new()
    {
        var entries = new Dictionary<string, T>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in section.GetChildren().Where(isEntry))
        {
            try
            {
                var options = entry.Get<T>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new T();
                if (validator.Validate(entry.Path, options) is { Failed: true, Failures: var failures })
                    errors.AddRange(failures.Select(failure => $"{entry.Path}: {failure}"));
                entries[entry.Key] = options;
            }
            catch (InvalidOperationException unreadable)
            {
                errors.Add(Describe(entry, unreadable));
            }
        }

        return entries;
    }

    /// <summary>
    /// Describes fields that are unknown or cannot be read. The binder's own message is not used, because it quotes the value, which may be
    /// a secret in the wrong place.
    /// </summary>
    private static string Describe(IConfigurationSection entry, InvalidOperationException unreadable)
    {
        if (unreadable.InnerException is null) return $"{entry.Path}: {unreadable.Message}";

        var field = entry.AsEnumerable().Select(pair => pair.Key).FirstOrDefault(
            key => unreadable.Message.Contains($"'{key}'", StringComparison.Ordinal));
        return $"{field ?? entry.Path}: the value cannot be read; docs/settings.md has its form and range.";
    }

    private static IEnumerable<string> ErrorsOf(string name, ProviderOptions provider)
    {
        var path = $"{ProviderOptions.SectionName}:{name}";
        if (name.Equals(ProviderModelOptions.Workers, StringComparison.OrdinalIgnoreCase))
            yield return $"{path}: a provider cannot have this name, which stands for the InferenceWorkers.";
        if (provider.BaseUrl is { } url && !(url.IsAbsoluteUri && url.Scheme is "http" or "https"))
            yield return $"{path}:{nameof(provider.BaseUrl)} must be an absolute http or https address, such as https://api.openai.com/v1.";
        if (provider.BaseUrl is { IsAbsoluteUri: true } whole
            && (whole.Query.Length > 0 || whole.UserInfo.Length > 0 || whole.Fragment.Length > 0))
        {
            yield return $"{path}:{nameof(provider.BaseUrl)} must have no query, user or fragment.";
        }
        if (provider.ApiKey.Any(c => c is <= ' ' or > '~'))
            yield return $"{path}:{nameof(provider.ApiKey)} has characters that no header can carry.";
    }

    private static IEnumerable<string> ErrorsOf(
        string key, ProviderModelOptions model, Dictionary<string, ProviderOptions> providers,
        Dictionary<string, ProviderModelOptions> models)
    {
        var (path, name) = (PathOf(key), model.Name ?? key);
        if (model.Provider.Length > 0 && !IsWorkers(model) && !providers.ContainsKey(model.Provider))
            yield return $"{path}:{nameof(model.Provider)}: there is no {ProviderOptions.SectionName}:{model.Provider}.";
        if (name.Length > QueueName.MaxModelLength)
            yield return $"{path}: a model's name has at most {QueueName.MaxModelLength} characters.";
        foreach (var fallback in model.Fallbacks.Where(fallback => !models.ContainsKey(fallback)))
        {
            yield return $"{path}:{nameof(model.Fallbacks)}: the section {ProviderModelOptions.SectionName} has no model '{fallback}'. One "
                + $"of the InferenceWorkers' needs an entry, too, with {nameof(model.Provider)} '{ProviderModelOptions.Workers}'.";
        }
        if (model.Fallbacks.Contains(name, StringComparer.Ordinal))
            yield return $"{path}:{nameof(model.Fallbacks)} names the model itself.";
        if (IsTooLong(model.FirstByteTimeout, Defaults.FirstByteTimeout)) yield return TooLong(nameof(model.FirstByteTimeout));
        if (IsTooLong(model.AttemptTimeout, Defaults.AttemptTimeout)) yield return TooLong(nameof(model.AttemptTimeout));

        // A short deadline alone is not an error: it may cut limits that have their default.
        bool IsTooLong(TimeSpan limit, TimeSpan usual) => limit > model.Timeout && limit != usual;
        string TooLong(string limit) => $"{path}:{limit} must not be longer than {path}:{nameof(model.Timeout)}.";
    }

    private static string PathOf(string key) => $"{ProviderModelOptions.SectionName}:{key}";
}

/// <summary>The validated sections <c>Providers</c> and <c>Models</c>, as the operator wrote them.</summary>
/// <param name="Providers">The providers, by name.</param>
/// <param name="Models">
/// Those of providers, by the name that requests use; every provider that they name is there, and so is every fallback, here or there.
/// </param>
/// <param name="Workers">The workers' models of the section, in the same form.</param>
internal sealed record ProviderSettings(
    IReadOnlyDictionary<string, ProviderOptions> Providers, IReadOnlyDictionary<string, ProviderModelOptions> Models,
    IReadOnlyDictionary<string, ProviderModelOptions> Workers);
