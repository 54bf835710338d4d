using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using AiPlatform.Gateway.Configuration;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs;
using AiPlatform.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace AiPlatform.Tests.Documentation;

/// <summary>
/// The tables of docs/settings.md as the options' types have them: name, form, default, range, and what the documentation says.
/// </summary>
internal static partial class SettingsDocument
{
    public const string Begin = "<!-- Made from the options' types: eng/write-settings writes it anew. -->";
    public const string End = "<!-- Here ends what is made from the options' types. -->";

    private static readonly (Assembly Assembly, string Reader)[] Programs =
    [
        (typeof(GatewayOptions).Assembly, "Read by the Gateway."),
        (typeof(ModelOptions).Assembly, "Read by the InferenceWorker."),
        (typeof(JobsOptions).Assembly, "Read by both processes."),
        (typeof(ShutdownOptions).Assembly, "Read by both processes."),
    ];

    [GeneratedRegex(@"; section `([^`]+)`")]
    private static partial Regex Section { get; }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space { get; }

    public static string Path { get; } = System.IO.Path.Combine(Checkout.Root, "docs", "settings.md");

    /// <summary>What belongs between <see cref="Begin"/> and <see cref="End"/>.</summary>
    public static string Make()
    {
        var text = new StringBuilder();
        foreach (var (assembly, reader) in Programs)
        {
            var documentation = XDocument.Load(System.IO.Path.ChangeExtension(assembly.Location, ".xml"))
                .Descendants("member").ToDictionary(member => (string)member.Attribute("name")!);
            foreach (var (section, type, summary) in OptionsOf(assembly, documentation)
                .OrderBy(options => options.Section, StringComparer.Ordinal))
            {
                text.Append(CultureInfo.InvariantCulture, $"\n### {section}\n\n{summary} {reader}\n\n");
                text.Append("| setting | form | default | range | what |\n|---|---|---|---|---|\n");
                foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                    .Where(property => property.CanWrite))
                {
                    text.Append(Row(section, property, Activator.CreateInstance(type)!, documentation));
                }
            }
        }

        return text.Append('\n').ToString();
    }

    /// <summary>Every type that is checked at start, with the section that its documentation names.</summary>
    private static IEnumerable<(string Section, Type Type, string Summary)> OptionsOf(
        Assembly assembly, Dictionary<string, XElement> documentation)
    {
        var types = assembly.GetTypes().SelectMany(type => type.GetInterfaces())
            .Where(check => check.IsGenericType && check.GetGenericTypeDefinition() == typeof(IValidateOptions<>))
            .Select(check => check.GetGenericArguments()[0])
            .Where(type => type.Assembly == assembly)
            .Distinct();
        foreach (var type in types)
        {
            var summary = Summary(documentation, $"T:{type.FullName}");
            var section = Section.Match(summary);
            if (!section.Success) throw new InvalidOperationException($"The documentation of {type} does not name its section (\"; section <c>X</c>\").");
            yield return (section.Groups[1].Value, type, Section.Replace(summary, ""));
        }
    }

    private static string Row(string section, PropertyInfo property, object defaults, Dictionary<string, XElement> documentation)
    {
        var summary = Summary(documentation, $"P:{property.DeclaringType!.FullName}.{property.Name}");
        var range = Range(property);
        var value = property.GetValue(defaults);
        var needed = property.GetCustomAttribute<RequiredAttribute>() is not null && value is null or "";
        var initial = needed ? "needed" : Form(property, value);
        var what = WithoutDefault(summary, needed ? "Needed" : range.Length > 0 && IsMeasured(property) ? $"Default {initial}, {range}" : $"Default {initial}", property);
        return $"| `{section}:{property.Name}` | {FormName(property)} | {initial} | {range} | {what.Replace("|", "\\|", StringComparison.Ordinal)} |\n";
    }

    /// <summary>The text without its sentence about default and range. A sentence that differs from the code is refused.</summary>
    private static string WithoutDefault(string summary, string said, PropertyInfo property)
    {
        foreach (var end in (string[])[".", "; "])
        {
            var start = summary.IndexOf($"{said}{end}", StringComparison.Ordinal);
            if (start < 0) continue;
            var rest = summary[(start + said.Length + end.Length)..].Trim();
            if (end == "; ") rest = char.ToUpperInvariant(rest[0]) + rest[1..];
            return $"{summary[..start].Trim()} {rest}".Trim();
        }

        throw new InvalidOperationException(
            $"The documentation of {property.DeclaringType!.Name}.{property.Name} must say \"{said}.\" or \"{said}; …\", and says \"{summary}\".");
    }

    /// <summary>Whether the range is one of values, and not of lengths.</summary>
    private static bool IsMeasured(PropertyInfo property) => property.GetCustomAttribute<RangeAttribute>() is not null;

    private static string Range(PropertyInfo property)
    {
        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            var (least, most) = (Bound(property, range.Minimum), Bound(property, range.Maximum));
            return most is long.MaxValue ? $"{Form(property, least)} or more" : $"{Form(property, least)} to {Form(property, most)}";
        }

        if (property.GetCustomAttribute<StringLengthAttribute>() is { } length) return $"{length.MinimumLength} to {length.MaximumLength} characters";
        if (property.GetCustomAttribute<MaxLengthAttribute>() is { } longest) return $"at most {longest.Length}";
        if (property.GetCustomAttribute<RegularExpressionAttribute>() is { } pattern) return $"`{pattern.Pattern}`";
        if (property.GetCustomAttribute<AllowedValuesAttribute>() is { } allowed)
            return string.Join(", ", allowed.Values.Select(value => $"`{value}`"));
        if (property.PropertyType.IsEnum) return string.Join(", ", Enum.GetNames(property.PropertyType).Select(name => $"`{name.ToLowerInvariant()}`"));
        return property.PropertyType == typeof(bool) ? "false, true" : "";
    }

    /// <summary>
    /// A bound as a value of the property; the attribute has those of durations as text, and those of long numbers as doubles.
    /// </summary>
    private static object Bound(PropertyInfo property, object bound) => bound switch
    {
        string time => TimeSpan.Parse(time, CultureInfo.InvariantCulture),
        double number when property.PropertyType != typeof(double) => number >= long.MaxValue ? long.MaxValue : (long)number,
        _ => bound,
    };

    private static string FormName(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (type == typeof(TimeSpan)) return "duration";
        if (type == typeof(bool)) return "yes or no";
        if (type == typeof(int) || type == typeof(long)) return IsBytes(property) ? "bytes" : "whole number";
        if (type == typeof(double)) return "number";
        if (type == typeof(Uri)) return "URL";
        if (type.IsEnum || property.GetCustomAttribute<AllowedValuesAttribute>() is not null) return "one of these";
        return type == typeof(string) ? "text" : "list of texts";
    }

    private static bool IsBytes(PropertyInfo property) => property.Name.Contains("Bytes", StringComparison.Ordinal);

    private static string Form(PropertyInfo property, object? value) => value switch
    {
        null or "" => "none",
        TimeSpan time => Form(time),
        bool flag => flag ? "true" : "false",
        int or long when IsBytes(property) => FormBytes(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
        int or long => string.Create(CultureInfo.InvariantCulture, $"{value:N0}"),
        double number => number.ToString(CultureInfo.InvariantCulture),
        Enum one => $"`{one.ToString().ToLowerInvariant()}`",
        string text => $"`{text}`",
        IEnumerable<string> texts when !texts.Any() => "none",
        _ => throw new InvalidOperationException($"{property.Name}: nobody knows how to write {value}."),
    };

    private static string Form(TimeSpan time)
    {
        (TimeSpan Unit, string Name)[] units =
        [
            (TimeSpan.FromDays(1), "days"), (TimeSpan.FromHours(1), "h"), (TimeSpan.FromMinutes(1), "min"), (TimeSpan.FromSeconds(1), "s"),
            (TimeSpan.FromMilliseconds(1), "ms"),
        ];
        if (time == TimeSpan.Zero) return "0";
        var (unit, name) = units.First(unit => time.Ticks % unit.Unit.Ticks == 0 && (unit.Name != "days" || time.TotalDays > 1));
        return string.Create(CultureInfo.InvariantCulture, $"{time / unit} {name}");
    }

    private static string FormBytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        var unit = 0;
        for (; bytes >= 1024 && bytes % 1024 == 0; bytes /= 1024) unit++;
        return string.Create(CultureInfo.InvariantCulture, $"{bytes:N0} {units[unit]}");
    }

    private static string Summary(Dictionary<string, XElement> documentation, string member)
    {
        if (!documentation.TryGetValue(member, out var element) || element.Element("summary") is not { } summary)
            throw new InvalidOperationException($"{member} has no documentation.");
        var text = string.Concat(summary.Nodes().Select(node => node switch
        {
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement { Name.LocalName: "see" } see => $"`{((string)see.Attribute("cref")!).Split('.')[^1]}`",
            _ => ((XText)node).Value,
        }));
        return Space.Replace(text, " ").Trim();
    }
}
