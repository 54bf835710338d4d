using System.Collections.Frozen;

namespace AiPlatform.Grammars.JsonSchema.Strings;

/// <summary>
/// The formats of draft 2020-12, as patterns of whole texts. They are stricter than the formats where a format has forms that no model
/// should write: what they match is of the format, but they do not match all of it.
/// </summary>
internal static class StringFormats
{
    private const string Year = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])";
    private const string LeapYear =
        "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";

    private const string Date =
        "(?:" + Year + "-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
        + "|02-(?:0[1-9]|1[0-9]|2[0-8]))|" + LeapYear + "-02-29)";

    private const string Clock = "(?:[01][0-9]|2[0-3]):[0-5][0-9]";
    private const string Time = Clock + @":[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-]" + Clock + ")";
    private const string TimeOfDuration = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)";

    private const string Duration =
        "P(?:[0-9]+W|(?:[0-9]+D|[0-9]+M(?:[0-9]+D)?|[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?)(?:" + TimeOfDuration + ")?|" + TimeOfDuration + ")";

    private const string Label = "[A-Za-z0-9](?:-?[A-Za-z0-9]){0,15}";
    private const string Hostname = Label + @"(?:\." + Label + "){0,6}";

    // A label of digits only could be read as a part of an address.
    private const string NamedLabel = "[A-Za-z](?:-?[A-Za-z0-9]){0,15}";
    private const string NamedHost = NamedLabel + @"(?:\." + NamedLabel + "){0,6}";
    private const string Atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";

    // Many readers take no domain of one label.
    private const string Email = Atom + @"(?:\." + Atom + ")*@" + NamedLabel + @"(?:\." + NamedLabel + "){1,6}";

    private const string Byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private const string Ipv4 = Byte + @"(?:\." + Byte + "){3}";
    private const string Hex = "[0-9A-Fa-f]{1,4}";

    private const string Ipv6 =
        "(?:(?:" + Hex + ":){7}" + Hex + "|(?:" + Hex + ":){1,6}:" + Hex + "|(?:" + Hex + ":){1,5}(?::" + Hex + "){2}"
        + "|(?:" + Hex + ":){1,4}(?::" + Hex + "){3}|(?:" + Hex + ":){1,3}(?::" + Hex + "){4}|(?:" + Hex + ":){1,2}(?::" + Hex + "){5}"
        + "|" + Hex + ":(?::" + Hex + "){6}|(?:" + Hex + ":){1,6}:|:(?::" + Hex + "){1,7}|::)";

    private const string PathCharacter = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";

    private const string Uri =
        "(?:https?|ftp|wss?)://" + NamedHost + "(?::[1-9][0-9]{0,3})?(?:/" + PathCharacter + @"*)*(?:\?(?:" + PathCharacter + @"|[/?])*)?"
        + "(?:#(?:" + PathCharacter + "|[/?])*)?";

    private const string PointerSteps = "(?:/(?:[^~/]|~[01])*)*";

    private static readonly FrozenDictionary<string, string> Known = new Dictionary<string, string>
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = Date + "T" + Time,
        ["duration"] = Duration,
        ["email"] = Email,
        ["idn-email"] = Email,
        ["hostname"] = Hostname,
        ["idn-hostname"] = Hostname,
        ["ipv4"] = Ipv4,
        ["ipv6"] = Ipv6,
        ["uri"] = Uri,
        ["uri-reference"] = Uri,
        ["iri"] = Uri,
        ["iri-reference"] = Uri,
        ["uuid"] = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
        ["json-pointer"] = PointerSteps,
        ["relative-json-pointer"] = "(?:0|[1-9][0-9]*)(?:#|" + PointerSteps + ")",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The pattern of a format; null for an unknown format.</summary>
    public static string? Find(string format) => Known.GetValueOrDefault(format);
}
