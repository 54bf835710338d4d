using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace AiPlatform.Gateway.Callers;

/// <summary>
/// Reads <see cref="ApiKeyOptions"/>. Whatever is not exactly as it should be stops the start: a key half understood is a hole.
/// </summary>
internal static partial class ApiKeyReader
{
    private const string HashName = "Sha256";
    private const string RoleName = "Role";
    private const string User = "user";
    private const string Operator = "operator";

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex TenantName { get; }

    [GeneratedRegex(@"\A[A-Fa-f0-9]{64}\z")]
    private static partial Regex HexHash { get; }

    /// <exception cref="OptionsValidationException">Says of every entry that is wrong why it is.</exception>
    public static IReadOnlyList<ApiKey> Read(IConfigurationSection section)
    {
        List<string> errors = [];
        if (!string.IsNullOrEmpty(section.Value)) errors.Add($"{section.Path} must have an entry for each key; it is a plain value.");

        var entries = section.GetChildren().ToList();
        errors.AddRange(entries.SelectMany(ErrorsOf));
        errors.AddRange(entries
            .Where(entry => entry[HashName] is not null)
            .GroupBy(entry => entry[HashName], entry => $"{entry.Path}:{HashName}", StringComparer.OrdinalIgnoreCase)
            .Where(paths => paths.Count() > 1)
            .Select(paths => $"{string.Join(" and ", paths)} are the same: a key has one tenant."));

        if (errors.Count > 0) throw new OptionsValidationException(section.Path, typeof(ApiKeyOptions), errors);
        return [.. entries.Select(KeyOf)];
    }

    private static ApiKey KeyOf(IConfigurationSection entry) =>
        new(new Caller(entry.Key, IsOperator: IsName(entry[RoleName], Operator)), Convert.FromHexString(entry[HashName]!));

    private static IEnumerable<string> ErrorsOf(IConfigurationSection entry)
    {
        if (!TenantName.IsMatch(entry.Key))
            yield return $"{entry.Path}: a tenant's name has 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'.";
        if (entry[HashName] is not { } hash || !HexHash.IsMatch(hash))
            yield return $"{entry.Path}:{HashName} must be the SHA-256 of the key as 64 hex digits.";
        if (entry[RoleName] is { } role && !IsRole(role))
            yield return $"{entry.Path}:{RoleName} must be '{User}' or '{Operator}'.";
        foreach (var other in entry.GetChildren().Where(field => !IsName(field.Key, HashName) && !IsName(field.Key, RoleName)))
            yield return $"{other.Path} is not a setting; an entry has {HashName} and {RoleName}.";
    }

    private static bool IsRole(string role) => IsName(role, User) || IsName(role, Operator);

    private static bool IsName(string? text, string name) => string.Equals(text, name, StringComparison.OrdinalIgnoreCase);
}
