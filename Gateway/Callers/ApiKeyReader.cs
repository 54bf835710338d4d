using System.Globalization;
using System.Text.RegularExpressions;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Jobs.Limits;
using Microsoft.Extensions.Options;
using static AiPlatform.Gateway.Callers.ApiKeyForm;

namespace AiPlatform.Gateway.Callers;

/// <summary>
/// Reads the accepted keys; section <c>ApiKeys</c>. The name of each entry is the tenant's; without entries every caller is the same
/// tenant. A tenant has one key, or several with names of their own, so that keys can be rotated:
/// <code>
/// "ApiKeys": {
///   "search": { "Keys": {
///     "2026": { "Sha256": "64 hex digits", "ExpiresAt": "2027-01-31T00:00:00Z" },
///     "2027": { "Sha256": "64 hex digits", "Limits": { "RequestsPerMinute": 60 } } },
///     "Limits": { "TokensPerMonth": 5000000 } },
///   "ops":    { "Sha256": "64 hex digits", "Role": "operator" }
/// }
/// </code>
/// <c>Limits</c> of a tenant has the settings of <see cref="LimitsOptions"/>, and takes the place of those that it names. <c>Limits</c> of
/// a key holds besides, for calls with this key; a key has no budgets.
/// Any invalid entry is refused, because a key that is only half understood is a security hole.
/// </summary>
internal static partial class ApiKeyReader
{
    private static readonly string[] FieldsOfKey = [HashName, ExpiryName];
    private static readonly string[] FieldsOfNamedKey = [.. FieldsOfKey, LimitsName];
    private static readonly string[] FieldsOfTenant = [.. FieldsOfKey, RoleName, KeysName, LimitsName];

    private static readonly string[] LimitsOfKey =
        [nameof(CallLimits.RequestsPerMinute), nameof(CallLimits.TokensPerMinute), nameof(CallLimits.ConcurrentCalls)];

    private static readonly string[] LimitsOfTenant =
        [.. LimitsOfKey, nameof(CallLimits.TokensPerDay), nameof(CallLimits.TokensPerMonth)];

    [GeneratedRegex(@"\A[A-Fa-f0-9]{64}\z")]
    private static partial Regex HexHash { get; }

    /// <exception cref="OptionsValidationException">The message names every invalid entry and its error.</exception>
    /// <param name="configuration">The configuration.</param>
    /// <param name="limits">The limits of tenants that do not set them otherwise.</param>
    public static IReadOnlyList<ApiKey> Read(IConfiguration configuration, CallLimits limits)
    {
        var read = ReadEach(configuration, limits);
        return read.Errors.Count == 0 ? read.Keys : throw new OptionsValidationException(SectionName, typeof(ApiKey), read.Errors);
    }

    /// <summary>Reads the keys of each tenant whose entry is valid, and tells what is wrong with the others.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="limits">The limits of tenants that do not set them otherwise.</param>
    public static ReadKeys ReadEach(IConfiguration configuration, CallLimits limits)
    {
        var section = configuration.GetSection(SectionName);
        List<string> errors = [];
        if (!string.IsNullOrEmpty(section.Value)) errors.Add($"{section.Path} must have an entry for each key; it is a plain value.");

        List<IConfigurationSection> right = [], wrong = [];
        foreach (var tenant in section.GetChildren())
        {
            var before = errors.Count;
            errors.AddRange(ErrorsOfTenant(tenant));
            (errors.Count == before ? right : wrong).Add(tenant);
        }

        var same = right.Concat(wrong).SelectMany(tenant => KeysOf(tenant).Select(key => (Tenant: tenant, Key: key)))
            .Where(one => one.Key[HashName] is not null)
            .GroupBy(one => one.Key[HashName], StringComparer.OrdinalIgnoreCase)
            .Where(ones => ones.Count() > 1).ToList();
        foreach (var ones in same)
        {
            errors.Add($"{string.Join(" and ", ones.Select(one => $"{one.Key.Path}:{HashName}").Order(StringComparer.Ordinal))} are the "
                + "same: a key belongs to one tenant, and may occur once.");
            wrong.AddRange(ones.Select(one => one.Tenant).Where(right.Remove));
        }

        return new ReadKeys(
            [.. right.SelectMany(tenant => KeysOf(tenant).Select(key => KeyOf(tenant, key, limits)))], errors,
            wrong.SelectMany(tenant => KeysOf(tenant)
                .Select(key => (tenant.Key.ToUpperInvariant(), key[HashName]?.ToUpperInvariant() ?? ""))).ToHashSet());
    }

    private static ApiKey KeyOf(IConfigurationSection tenant, IConfigurationSection key, CallLimits limits) => new(
        new Caller(tenant.Key, IsOperator: IsName(tenant[RoleName], Operator))
        {
            Limits = LimitsOf(
                tenant.Key, LimitsIn(tenant.GetSection(LimitsName), limits),
                key.Key, key.Path == tenant.Path ? CallLimits.None : LimitsIn(key.GetSection(LimitsName), CallLimits.None)),
        },
        Convert.FromHexString(key[HashName]!),
        TryParseExpiry(key[ExpiryName], out var expiresAt) ? expiresAt : null);

    /// <summary>The limits of a caller; null when there are none.</summary>
    public static LimitedCaller? LimitsOf(string tenant, CallLimits ofTenant, string key = "", CallLimits? ofKey = null)
    {
        var own = ofKey ?? CallLimits.None;
        return ofTenant == CallLimits.None && own == CallLimits.None
            ? null : new LimitedCaller(tenant, ofTenant, own == CallLimits.None ? "" : key, own);
    }

    private static CallLimits LimitsIn(IConfigurationSection section, CallLimits otherwise)
    {
        long Value(string name, long none) => TryParseLimit(section[name], out var limit) ? limit : none;
        return new CallLimits
        {
            RequestsPerMinute = Value(nameof(CallLimits.RequestsPerMinute), otherwise.RequestsPerMinute),
            TokensPerMinute = Value(nameof(CallLimits.TokensPerMinute), otherwise.TokensPerMinute),
            ConcurrentCalls = Value(nameof(CallLimits.ConcurrentCalls), otherwise.ConcurrentCalls),
            TokensPerDay = Value(nameof(CallLimits.TokensPerDay), otherwise.TokensPerDay),
            TokensPerMonth = Value(nameof(CallLimits.TokensPerMonth), otherwise.TokensPerMonth),
        };
    }

    private static IEnumerable<string> ErrorsOfLimits(IConfigurationSection limits, string[] names)
    {
        if (!string.IsNullOrEmpty(limits.Value)) yield return $"{limits.Path} must have an entry for each limit; it is a plain value.";
        foreach (var error in ErrorsOfFields(limits, names)) yield return error;
        foreach (var limit in limits.GetChildren().Where(limit => !TryParseLimit(limit.Value, out _)))
            yield return $"{limit.Path} must be a whole number from 0 (no limit) to {CallLimits.Most}.";
    }

    private static bool TryParseLimit(string? text, out long limit) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit <= CallLimits.Most;

    /// <summary>The keys in <c>Keys</c>, and the tenant's entry itself if it has fields of a key, or is empty.</summary>
    private static IEnumerable<IConfigurationSection> KeysOf(IConfigurationSection tenant)
    {
        var keys = tenant.GetSection(KeysName).GetChildren().ToList();
        return keys.Count == 0 || FieldsOfKey.Any(field => tenant[field] is not null) ? keys.Prepend(tenant) : keys;
    }

    private static IEnumerable<string> ErrorsOfTenant(IConfigurationSection tenant)
    {
        if (!TenantName.IsMatch(tenant.Key))
            yield return $"{tenant.Path}: {TenantNameRule}.";
        if (tenant[RoleName] is { } role && !IsName(role, User) && !IsName(role, Operator))
            yield return $"{tenant.Path}:{RoleName} must be '{User}' or '{Operator}'.";
        if (!string.IsNullOrEmpty(tenant[KeysName]))
            yield return $"{tenant.Path}:{KeysName} must have an entry for each key; it is a plain value.";

        foreach (var error in ErrorsOfFields(tenant, FieldsOfTenant)) yield return error;
        foreach (var error in ErrorsOfLimits(tenant.GetSection(LimitsName), LimitsOfTenant)) yield return error;
        foreach (var key in KeysOf(tenant))
        {
            if (key.Path != tenant.Path)
            {
                foreach (var error in ErrorsOfFields(key, FieldsOfNamedKey)) yield return error;
                foreach (var error in ErrorsOfLimits(key.GetSection(LimitsName), LimitsOfKey)) yield return error;
            }

            if (key[HashName] is not { } hash || !HexHash.IsMatch(hash))
                yield return $"{key.Path}:{HashName} must be the SHA-256 of the key as 64 hex digits.";
            if (key[ExpiryName] is { } expiry && !TryParseExpiry(expiry, out _))
                yield return $"{key.Path}:{ExpiryName} must be a time in UTC, such as 2027-01-31T00:00:00Z.";
        }
    }

    private static IEnumerable<string> ErrorsOfFields(IConfigurationSection entry, string[] fields) => entry.GetChildren()
        .Where(field => !fields.Any(name => IsName(field.Key, name)))
        .Select(field => $"{field.Path} is not a setting; there are {string.Join(", ", fields)}.");

    private static bool TryParseExpiry(string? text, out DateTimeOffset expiresAt) => DateTimeOffset.TryParseExact(
        text, ExpiryForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out expiresAt);

    private static bool IsName(string? text, string name) => string.Equals(text, name, StringComparison.OrdinalIgnoreCase);
}
