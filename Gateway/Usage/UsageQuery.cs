using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AiPlatform.Gateway.Errors;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Usage;

/// <summary>The days of a query.</summary>
/// <param name="From">The first day.</param>
/// <param name="To">The last day, included.</param>
internal sealed record UsageQuery(DateOnly From, DateOnly To)
{
    public const string FromName = "from";
    public const string ToName = "to";

    /// <summary>The description of both parameters. Only years from 1000 to 7999 are accepted.</summary>
    public static OpenApiSchema DateSchema { get; } = new()
    {
        Type = JsonSchemaType.String,
        Format = "date",
        Pattern = "^[1-7][0-9]{3}-[0-9]{2}-[0-9]{2}$",
        Examples = ["2026-01-31"],
    };

    private const string Format = "yyyy-MM-dd";
    private const int FirstYear = 1000;
    private const int LastYear = 7999;
    private const int MostDays = 366;
    private const int UsualDays = 30;

    /// <summary>Parses the query; without dates it covers the last 30 days.</summary>
    public static bool TryParse(
        IQueryCollection query, DateOnly today, [NotNullWhen(true)] out UsageQuery? parsed, [NotNullWhen(false)] out InferenceError? error)
    {
        parsed = null;
        if (!TryParseDate(query, ToName, out var to, out error) || !TryParseDate(query, FromName, out var from, out error)) return false;

        var last = to ?? today;
        var first = from ?? last.AddDays(1 - UsualDays);
        if (first > last)
            error = InferenceError.Invalid(FromName, $"from is {first.ToString(Format, CultureInfo.InvariantCulture)}, later than to.");
        else if (last.DayNumber - first.DayNumber >= MostDays)
            error = InferenceError.Invalid(FromName, $"from and to are more than {MostDays} days apart: ask for fewer.");
        else parsed = new UsageQuery(first, last);
        return parsed is not null;
    }

    private static bool TryParseDate(
        IQueryCollection query, string name, out DateOnly? date, [NotNullWhen(false)] out InferenceError? error)
    {
        date = null;
        error = null;
        if (!query.TryGetValue(name, out var values)) return true;

        if (values.Count == 1
            && DateOnly.TryParseExact(values[0], Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var parsed)
            && parsed.Year is >= FirstYear and <= LastYear)
        {
            date = parsed;
            return true;
        }

        error = InferenceError.Invalid(
            name,
            $"{name} is '{Refusals.Quoted(values.ToString())}': give one date (UTC) of the years {FirstYear} to {LastYear}, such as "
            + "2026-01-31.");
        return false;
    }
}
