using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using AiPlatform.Gateway.StructuredOutput.Patterns;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>The formats of draft 2020-12.</summary>
internal static partial class Formats
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private static readonly FrozenDictionary<string, Func<string, bool>> Known = new Dictionary<string, Func<string, bool>>
    {
        ["date-time"] = IsDateTime,
        ["date"] = IsDate,
        ["time"] = IsTime,
        ["duration"] = text => Duration.IsMatch(text),
        ["email"] = text => Email.IsMatch(text),
        ["idn-email"] = text => IdnEmail.IsMatch(text),
        ["hostname"] = text => text.Length <= 253 && Hostname.IsMatch(text),
        ["ipv4"] = text => Ipv4.IsMatch(text),
        ["ipv6"] = text => Ipv6Characters.IsMatch(text) && IPAddress.TryParse(text, out var address)
            && address.AddressFamily == AddressFamily.InterNetworkV6,
        ["uri"] = text => IsUri(text, UriKind.Absolute) && AsciiUri.IsMatch(text),
        ["uri-reference"] = text => IsUri(text, UriKind.RelativeOrAbsolute) && AsciiUri.IsMatch(text),
        ["iri"] = text => IsUri(text, UriKind.Absolute) && Iri.IsMatch(text),
        ["iri-reference"] = text => IsUri(text, UriKind.RelativeOrAbsolute) && Iri.IsMatch(text),
        ["uuid"] = text => Guid.TryParseExact(text, "D", out _),
        ["json-pointer"] = text => JsonPointer.IsMatch(text),
        ["relative-json-pointer"] = text => RelativeJsonPointer.IsMatch(text),
        ["regex"] = EcmaPattern.IsPattern,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The check of a format; null for an unknown format.</summary>
    public static Func<string, bool>? Find(string name) => Known.GetValueOrDefault(name);

    [GeneratedRegex(@"\A\d{4}-\d{2}-\d{2}\z", Linear)]
    private static partial Regex DateForm { get; }

    [GeneratedRegex(@"\A(?<time>[0-9]{2}:[0-9]{2}):(?<seconds>[0-9]{2})(?:\.[0-9]+)?(?:[Zz]|(?<offset>[+-][0-9]{2}:[0-9]{2}))\z", Linear)]
    private static partial Regex TimeForm { get; }

    [GeneratedRegex(
        @"\AP(?:[0-9]+W|(?:[0-9]+D|[0-9]+M(?:[0-9]+D)?|[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?)"
        + @"(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?"
        + @"|T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))\z",
        Linear)]
    private static partial Regex Duration { get; }

    [GeneratedRegex(
        @"\A(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*|""[ !#-\[\]-~]*"")"
        + @"@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\z",
        Linear)]
    private static partial Regex Email { get; }

    [GeneratedRegex(@"\A[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)*\z", Linear)]
    private static partial Regex IdnEmail { get; }

    [GeneratedRegex(@"\A[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\z", Linear)]
    private static partial Regex Hostname { get; }

    [GeneratedRegex(@"\A(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.|\z)){4}\z", Linear)]
    private static partial Regex Ipv4 { get; }

    [GeneratedRegex(@"\A[0-9A-Fa-f:.]+\z", Linear)]
    private static partial Regex Ipv6Characters { get; }

    [GeneratedRegex(@"\A(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*\z", Linear)]
    private static partial Regex AsciiUri { get; }

    [GeneratedRegex(@"\A(?:[^\x00-\x20<>""\\^`{|}%]|%[0-9A-Fa-f]{2})*\z", Linear)]
    private static partial Regex Iri { get; }

    [GeneratedRegex(@"\A(?:/(?:[^~/]|~[01])*)*\z", Linear)]
    private static partial Regex JsonPointer { get; }

    [GeneratedRegex(@"\A(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~[01])*)*)\z", Linear)]
    private static partial Regex RelativeJsonPointer { get; }

    // "/a" is an absolute path on some systems, but never an absolute URI.
    private static bool IsUri(string text, UriKind kind) =>
        Uri.TryCreate(text, kind, out _) && (kind == UriKind.RelativeOrAbsolute || text.Contains(':', StringComparison.Ordinal))
            && (kind != UriKind.Absolute || char.IsAsciiLetter(text[0]));

    private static bool IsDateTime(string text) => text.IndexOfAny(['T', 't']) is 10 && IsDate(text[..10]) && IsTime(text[11..]);

    private static bool IsDate(string text) =>
        DateForm.IsMatch(text) && DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static bool IsTime(string text)
    {
        var match = TimeForm.Match(text);
        if (!match.Success
            || !TimeOnly.TryParseExact(
                match.Groups["time"].Value, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return false;
        }

        var offset = TimeSpan.Zero;
        if (match.Groups["offset"] is { Success: true, Value: var sign and var shift })
        {
            if (!TimeOnly.TryParseExact(shift[1..], "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var ahead))
                return false;
            offset = sign[0] == '-' ? -ahead.ToTimeSpan() : ahead.ToTimeSpan();
        }

        var seconds = int.Parse(match.Groups["seconds"].Value, CultureInfo.InvariantCulture);
        // A leap second is the last second of a day in UTC.
        return seconds < 60 || (seconds == 60 && time.Add(-offset) == new TimeOnly(23, 59));
    }
}
