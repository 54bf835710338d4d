using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using AiPlatform.Gateway.Admission;
using AiPlatform.Jobs;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace AiPlatform.Gateway.Callers;

/// <summary>Tells who calls by the key that is presented.</summary>
internal sealed class ApiKeys(IOptions<ApiKeyOptions> options)
{
    /// <summary>Longest key, in characters.</summary>
    private const int MaxKeyLength = 10_000;

    private const string Scheme = "Bearer ";

    /// <summary>Who calls where nobody needs a key.</summary>
    private static readonly Caller Everybody = new(Tenants.Anonymous, IsOperator: true);

    /// <summary>Whether callers need a key.</summary>
    public bool AreNeeded => options.Value.Keys.Count > 0;

    /// <summary>Whoever may have called: the tenants that have keys, and who called while nobody needed one.</summary>
    public IReadOnlyList<string> KnownTenants =>
        [.. options.Value.Keys.Select(key => key.Caller.Tenant).Append(Tenants.Anonymous).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Reads the <c>Authorization</c> header. Without keys it is not looked at: SDKs always send one.</summary>
    public bool TryIdentify(
        StringValues authorization, [NotNullWhen(true)] out Caller? caller, [NotNullWhen(false)] out InferenceError? error)
    {
        caller = AreNeeded ? null : Everybody;
        error = null;
        if (caller is not null) return true;

        if (!TryReadKey(authorization, out var key, out error)) return false;
        caller = Find(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        error = caller is null ? Refusals.InvalidApiKey("The API key is not one that is let in.") : null;
        return error is null;
    }

    /// <summary>Compares with every key, in a time that does not depend on which one it is, or on how far it is right.</summary>
    private Caller? Find(ReadOnlySpan<byte> hash)
    {
        Caller? found = null;
        foreach (var key in options.Value.Keys)
            if (CryptographicOperations.FixedTimeEquals(key.Sha256.Span, hash)) found = key.Caller;
        return found;
    }

    /// <summary>What is wrong is said without repeating any of it: it may be a key.</summary>
    private static bool TryReadKey(StringValues authorization, out string key, [NotNullWhen(false)] out InferenceError? error)
    {
        key = "";
        var header = authorization.Count == 1 ? authorization[0]! : "";
        var problem = authorization.Count switch
        {
            0 => "An API key is needed: send 'Authorization: Bearer KEY'.",
            > 1 => $"The Authorization header is there {authorization.Count} times; send it once.",
            _ when !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) => "The Authorization header must be 'Bearer KEY'.",
            _ => null,
        };
        if (problem is null)
        {
            key = header[Scheme.Length..].TrimStart(' ');
            if (key.Length is 0 or > MaxKeyLength) problem = $"The API key has {key.Length} characters; a key has 1 to {MaxKeyLength}.";
            else if (key.Any(char.IsControl)) problem = "The API key has control characters.";
        }

        error = problem is null ? null : Refusals.InvalidApiKey(problem);
        return error is null;
    }
}
