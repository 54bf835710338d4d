using AiPlatform.Gateway.Providers.Configuration;

namespace AiPlatform.Gateway.Providers.Routing;

/// <summary>The models and their providers at one moment. Calls in flight keep the routes that they began with.</summary>
internal sealed class ProviderRoutes
{
    public static readonly ProviderRoutes None = new([], [], new Dictionary<string, ProviderModelOptions>());

    private readonly Dictionary<string, ProviderModel> _models;

    /// <summary>Of the models whose fallbacks go from a provider to our workers, or from there.</summary>
    private readonly Dictionary<string, IReadOnlyList<RouteLeg>> _legs = new(StringComparer.Ordinal);

    private ProviderRoutes(
        IReadOnlyList<Provider> providers, IEnumerable<ProviderModel> models, IReadOnlyDictionary<string, ProviderModelOptions> workers)
    {
        Providers = providers;
        _models = models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        All = [.. _models.Values.OrderBy(model => model.Name, StringComparer.Ordinal)];
        foreach (var (name, options) in workers.Concat(All.Select(model => KeyValuePair.Create(model.Name, model.Options))))
            if (LegsOf([name, .. options.Fallbacks]) is { Count: > 1 } legs) _legs.Add(name, legs);
    }

    /// <summary>Whether any model has several legs.</summary>
    public bool HaveLegs => _legs.Count > 0;

    public IReadOnlyList<Provider> Providers { get; }

    /// <summary>All models, ordered by name.</summary>
    public IReadOnlyList<ProviderModel> All { get; }

    /// <summary>
    /// Makes the routes of these settings. A provider whose settings have not changed keeps its connections and the state of its breaker.
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
            settings.Models.Select(entry => new ProviderModel(entry.Key, providers[entry.Value.Provider], entry.Value)), settings.Workers);
    }

    public ProviderModel? Find(string name) => _models.GetValueOrDefault(name);

    /// <summary>The providers' models that are called, in this order: the model and its fallbacks.</summary>
    public IReadOnlyList<ProviderModel> CandidatesFor(ProviderModel model) =>
        model.Options.Fallbacks.Length == 0 ? [model] : [model, .. model.Options.Fallbacks.Select(Find).OfType<ProviderModel>()];

    /// <summary>
    /// The ways by which a model's call goes, one after the other, where it has more than one: a model of our workers, or models of
    /// providers. Empty for all other models.
    /// </summary>
    public IReadOnlyList<RouteLeg> LegsOf(string name) => _legs.GetValueOrDefault(name) ?? [];

    private List<RouteLeg> LegsOf(string[] names)
    {
        List<RouteLeg> legs = [];
        List<ProviderModel> run = [];
        foreach (var name in names)
        {
            if (Find(name) is { } model)
            {
                if (run.Count == 0) legs.Add(new RouteLeg(name, run));
                run.Add(model);
                continue;
            }

            legs.Add(new RouteLeg(name, []));
            run = [];
        }

        return legs;
    }
}

/// <summary>One of the ways by which a call goes.</summary>
/// <param name="Model">The model; the first one of providers' models.</param>
/// <param name="Candidates">Providers' models, which are called one after the other; none for a worker's model.</param>
internal sealed record RouteLeg(string Model, IReadOnlyList<ProviderModel> Candidates);
