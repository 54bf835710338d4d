using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using AiPlatform.Jobs.Idempotency;
using Microsoft.Extensions.Primitives;
using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Http;

/// <summary>
/// The <c>Idempotency-Key</c> header (draft-ietf-httpapi-idempotency-key-header): a Structured-Field String in quotes; a value without
/// quotes means the same.
/// </summary>
internal static class IdempotencyHeader
{
    public const string Name = "Idempotency-Key";
    public const string Description =
        "Names the request, should it be sent again: the same job then answers, and nothing runs twice. A string in quotes or bare, "
        + "1 to 255 visible ASCII characters; with another body it is refused (422).";

    private const int MaxLength = 255;

    /// <summary>The description of the header.</summary>
    public static OpenApiSchema Schema { get; } = new()
    {
        Type = JsonSchemaType.String,
        Pattern = """^(?:[!#-~]{1,255}|"(?:[!#-\[\]-~]|\\["\\]){1,255}")$""",
        Examples = ["\"4f1b-77\"", "4f1b-77"],
    };

    /// <summary>Parses the key without its quotes; null when the header is missing.</summary>
    public static bool TryParse(StringValues header, out string? key, [NotNullWhen(false)] out InferenceError? error)
    {
        key = null;
        error = null;
        if (header.Count == 0) return true;

        key = header.Count == 1 ? Unquote(header[0]!) : null;
        var problem = header.Count > 1
            ? $"{Name} is there {header.Count} times; send it once."
            : key is null
                ? $"{Name} is not a string in quotes, such as \"4f1b-77\": inside, '\"' and '\\' are written with a '\\' before them."
                : key.Length is 0 or > MaxLength
                    ? $"{Name} has {key.Length} characters; give 1 to {MaxLength}."
                    : !key.All(c => c is > ' ' and <= '~')
                        ? $"{Name} has a character that is not a visible ASCII one."
                        : null;
        if (problem is null) return true;

        key = null;
        error = InferenceError.Invalid(Name, problem);
        return false;
    }

    /// <summary>
    /// The key with the fingerprint of the request, which is the SHA-256 of the route and the body's bytes. Null without a key.
    /// </summary>
    public static IdempotencyKey? Of(string? key, string route, ReadOnlySpan<byte> body)
    {
        if (key is null) return null;

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{route}\n"));
        hash.AppendData(body);
        return new IdempotencyKey(key, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>Removes the quotes; null when they do not match.</summary>
    private static string? Unquote(string text)
    {
        if (!text.Contains('"')) return text;
        if (text is not ['"', .., '"'] || text.Length == 1) return null;

        var inside = text[1..^1];
        var unquoted = new StringBuilder(inside.Length);
        for (var i = 0; i < inside.Length; i++)
        {
            if (inside[i] == '"') return null;
            if (inside[i] == '\\' && (++i == inside.Length || inside[i] is not ('"' or '\\'))) return null;
            unquoted.Append(inside[i]);
        }

        return unquoted.ToString();
    }
}
