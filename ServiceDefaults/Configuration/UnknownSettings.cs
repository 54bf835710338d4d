using System.Globalization;
using System.Reflection;
using AiPlatform.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AiPlatform.ServiceDefaults.Configuration;

/// <summary>
/// Warns at the start of settings in our sections that nothing reads: a mistyped name would have no effect, and nobody would know why.
/// What is known comes from the options' types. The readers of <c>Providers</c> and <c>ApiKeys</c> refuse such names themselves.
/// </summary>
/// <param name="services">What is registered: every options type that is checked at start is among it.</param>
/// <param name="configuration">What is set.</param>
/// <param name="logger">Where to.</param>
internal sealed class UnknownSettings(IServiceCollection services, IConfiguration configuration, ILogger<UnknownSettings> logger)
    : IHostedService
{
    private const string Ours = "AiPlatform.";
    private const string SectionName = nameof(SectionName);

    /// <summary>In it are the workers' settings, and the models of providers by their names.</summary>
    private const string Models = nameof(Models);

    /// <summary>Names that no options type has: those of AppHost are there where a process is started by it.</summary>
    private static readonly Dictionary<string, string[]> Others = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Redis"] = ["EntraUser", "Insight", "Start"],
        ["Secrets"] = ["Path"],
        ["Gateway"] = ["Replicas", "Port", "Image"],
        ["Providers"] = [],
        ["ApiKeys"] = [],
        ["Prices"] = [],
        [Models] = [],
    };

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, nearest) in Find())
            Log.SettingUnknown(logger, PrintableText.Of(name), nearest ?? "docs/settings.md has them all");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The settings that nothing reads, each with what may have been meant; null when nothing is like it.</summary>
    internal IEnumerable<(string Name, string? Nearest)> Find()
    {
        var sections = Known();
        var entries = KnownEntries();
        foreach (var section in configuration.GetChildren())
        {
            if (sections.TryGetValue(section.Key, out var names))
            {
                foreach (var setting in section.GetChildren())
                {
                    if (entries.TryGetValue(setting.Path, out var fields))
                    {
                        foreach (var field in setting.GetChildren().SelectMany(entry => entry.GetChildren()))
                        {
                            if (fields.FirstOrDefault(known => AreSame(known, field.Key)) is not null) continue;
                            var like = fields.FirstOrDefault(known => AreAlike(known, field.Key));
                            yield return (field.Path, like is null ? null : $"is {field.Path[..^field.Key.Length]}{like} meant?");
                        }
                    }

                    if (names.Count == 0 || names.Contains(setting.Key) || IsProvidersModel(section, setting)) continue;
                    yield return (setting.Path, NearestOf(setting.Key, sections, section.Key));
                }
            }
            else if (section.GetChildren().Any() && sections.Keys.FirstOrDefault(known => AreAlike(known, section.Key)) is { } like)
            {
                yield return ($"{section.Key}:{section.GetChildren().First().Key}", $"is the section {like} meant?");
            }
        }
    }

    /// <summary>The settings of each section that this process reads; none where its names are anybody's.</summary>
    private Dictionary<string, HashSet<string>> Known()
    {
        var known = Others.ToDictionary(
            section => section.Key, section => section.Value.ToHashSet(StringComparer.OrdinalIgnoreCase), StringComparer.OrdinalIgnoreCase);
        foreach (var type in OptionsTypes())
        {
            if (type.GetField(SectionName)?.GetRawConstantValue() is not string section) continue;
            if (!known.TryGetValue(section, out var names)) known.Add(section, names = new(StringComparer.OrdinalIgnoreCase));
            names.UnionWith(type.GetProperties().Where(IsBound).Select(property => property.Name));
        }

        // What only AppHost's names are known of is another process' section.
        if (known["Gateway"].Count == Others["Gateway"].Length) known["Gateway"].Clear();
        return known;
    }

    /// <summary>The fields of entries that have names of anybody's, such as the models of <c>Prices:Models</c>, by the setting.</summary>
    private Dictionary<string, string[]> KnownEntries()
    {
        Dictionary<string, string[]> known = new(StringComparer.OrdinalIgnoreCase);
        foreach (var type in OptionsTypes())
        {
            if (type.GetField(SectionName)?.GetRawConstantValue() is not string section) continue;
            foreach (var property in type.GetProperties().Where(IsEntries))
            {
                known.Add($"{section}:{property.Name}", [.. property.PropertyType.GetGenericArguments()[1].GetProperties()
                    .Where(IsBound).Select(field => field.Name)]);
            }
        }

        return known;
    }

    private static bool IsBound(PropertyInfo property) => property.CanWrite || IsEntries(property);

    private static bool IsEntries(PropertyInfo property) => property.PropertyType is { IsGenericType: true } type
        && type.GetGenericTypeDefinition() == typeof(IDictionary<,>)
        && type.GetGenericArguments()[1].Assembly.GetName().Name!.StartsWith(Ours, StringComparison.Ordinal);

    private IEnumerable<Type> OptionsTypes() => services.Select(service => service.ServiceType)
        .Where(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IValidateOptions<>))
        .Select(type => type.GetGenericArguments()[0])
        .Where(type => type.Assembly.GetName().Name!.StartsWith(Ours, StringComparison.Ordinal))
        .Distinct();

    private static bool IsProvidersModel(IConfigurationSection section, IConfigurationSection setting) =>
        string.Equals(section.Key, Models, StringComparison.OrdinalIgnoreCase)
        && setting.GetChildren().Any(field => !int.TryParse(field.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _));

    private static string? NearestOf(string name, Dictionary<string, HashSet<string>> sections, string section)
    {
        var like = sections[section].Where(known => AreAlike(known, name)).Select(known => $"{section}:{known}")
            .Concat(sections.Where(other => other.Value.Contains(name)).Select(other => $"{other.Key}:{name}")).ToList();
        return like.Count == 0 ? null : $"is {string.Join(" or ", like)} meant?";
    }

    private static bool AreSame(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether one name is likely the other, mistyped: a quarter of its letters at most, and no more than three, differ.</summary>
    private static bool AreAlike(string one, string other)
    {
        var (from, to) = (one.ToUpperInvariant(), other.ToUpperInvariant());
        return Distance(from, to) <= Math.Min(3, Math.Max(from.Length, to.Length) / 4);
    }

    /// <summary>Letters to be put in, left out or changed (Levenshtein).</summary>
    private static int Distance(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var changed = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
