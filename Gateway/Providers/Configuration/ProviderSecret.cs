using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AiPlatform.Gateway.Providers.Configuration;

/// <summary>
/// A provider's key. It recognizes texts that show the key, or any <see cref="PartLength"/> characters of it, plain, in base64 or in hex,
/// however often JSON or a URL has escaped them.
/// </summary>
internal sealed partial class ProviderSecret(string key)
{
    /// <summary>Fewer characters of a key are harmless; providers repeat a few characters of its ends on purpose.</summary>
    public const int PartLength = 12;

    /// <summary>The encoded form of a shorter key occurs in many texts by chance.</summary>
    private const int LeastEncoded = 8;

    private const string Mask = "***";

    // This is built at the first refusal of the provider, because a key of 2,000 characters has 18,000 parts.
    private readonly Lazy<SearchValues<string>> _parts = new(() => SearchValues.Create([.. PartsOf(key)], StringComparison.Ordinal));

    [GeneratedRegex(@"\\+(?:u(?<hex>[0-9A-Fa-f]{4})|(?<char>/))|%(?:25)*(?<hex>[0-9A-Fa-f]{2})")]
    private static partial Regex Escape { get; }

    /// <summary>Whether the text shows the key.</summary>
    /// <param name="text">Plain text, or JSON.</param>
    public bool IsIn(string text)
    {
        if (key.Length == 0) return false;
        if (text.AsSpan().ContainsAny(_parts.Value)) return true;

        var plain = Escape.Replace(text, static escape => escape.Groups["char"] is { Success: true } one
            ? one.Value : ((char)ushort.Parse(escape.Groups["hex"].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture))
                .ToString());
        return plain.AsSpan().ContainsAny(_parts.Value);
    }

    /// <summary>The text without the key; null when it shows the key in a form that cannot be cut out.</summary>
    public string? Redact(string text)
    {
        if (!IsIn(text)) return text;

        var rest = text.Replace(key, Mask, StringComparison.Ordinal);
        return IsIn(rest) ? null : rest;
    }

    private static IEnumerable<string> PartsOf(string key)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        var hex = Convert.ToHexStringLower(bytes);
        return Windows(key, PartLength)
            .Concat(bytes.Length < LeastEncoded
                ? []
                : new[] { hex, hex.ToUpperInvariant() }.SelectMany(form => Windows(form, 2 * PartLength)))
            .Concat(bytes.Length < LeastEncoded ? [] : Base64Of(bytes).SelectMany(form => Windows(form, PartLength / 3 * 4)))
            .Distinct();
    }

    /// <summary>
    /// The base64 forms of the key. The bytes before the key decide how its bytes are grouped by three. The outermost groups are left out,
    /// because they also encode neighboring bytes.
    /// </summary>
    private static IEnumerable<string> Base64Of(byte[] key)
    {
        for (var shift = 0; shift < 3; shift++)
        {
            var encoded = Convert.ToBase64String([.. new byte[shift], .. key]).TrimEnd('=');
            var inner = encoded[(shift == 0 ? 0 : 4)..^((shift + key.Length) % 3 == 0 ? 0 : 1)];
            yield return inner;
            yield return inner.Replace('+', '-').Replace('/', '_');
        }
    }

    /// <summary>All parts of a text with this length; a shorter text is a part itself.</summary>
    private static IEnumerable<string> Windows(string text, int length) => text.Length <= length
        ? text.Length == 0 ? [] : [text] : Enumerable.Range(0, text.Length - length + 1).Select(at => text.Substring(at, length));
}
