using AiPlatform.Gateway.Providers.Configuration;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>Which provider serves which model, at one moment. Calls in flight keep the routes that they began with.</summary>
internal sealed class ProviderRoutes
{
    public static readonly ProviderRoutes None = new([], []);

    private readonly Dictionary<string, ProviderModel> _models;

    private ProviderRoutes(IReadOnlyList<Provider> providers, IEnumerable<ProviderModel> models)
    {
        Providers = providers;
        _models = models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        All = [.. _models.Values.OrderBy(model => model.Name, StringComparer.Ordinal)];
    }

    public IReadOnlyList<Provider> Providers { get; }

    /// <summary>Ordered by name.</summary>
    public IReadOnlyList<ProviderModel> All { get; }

    /// <summary>
    /// The routes of these settings. A provider whose settings are as before keeps its connections and its breaker's memory.
    /// </summary>
    public static ProviderRoutes Of(ProviderSettings settings, ProviderRoutes before, TimeProvider time)
    {
        var providers = settings.Providers.ToDictionary(
            entry => entry.Key,
            entry => before.Providers.FirstOrDefault(one => one.Name == entry.Key && one.Options == entry.Value)
                ?? new Provider(entry.Key, entry.Value, time),
            StringComparer.OrdinalIgnoreCase);
        return new ProviderRoutes(
            [.. providers.Values],
            settings.Models.Select(entry => new ProviderModel(entry.Key, providers[entry.Value.Provider], entry.Value)));
    }

    public ProviderModel? Find(string name) => _models.GetValueOrDefault(name);

    /// <summary>Who is asked, in this order: the model and its fallbacks.</summary>
    public IReadOnlyList<ProviderModel> CandidatesFor(ProviderModel model) =>
        model.Options.Fallbacks.Length == 0 ? [model] : [model, .. model.Options.Fallbacks.Select(name => _models[name])];
}
