using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AiPlatform.Cli;

/// <summary>
/// <c>./ai key new</c>: makes an API key, and prints it once with the configuration that lets it in, which has only its hash. It calls
/// nothing, and keeps nothing.
/// </summary>
internal sealed class KeyCommand(KeyArguments arguments)
{
    private const int KeyBytes = 32;
    private const int NameBytes = 4;

    public async Task<int> RunAsync()
    {
        var secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        var key = $"aip_{secret}";
        var name = $"k{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NameBytes))}";
        var entry = new JsonObject { ["Sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))) };
        if (arguments.ExpiresAt is { } expiry) entry["ExpiresAt"] = expiry.ToString(KeyArguments.TimeForm, CultureInfo.InvariantCulture);
        var limits = new JsonObject();
        if (arguments.RequestsPerMinute is { } requests) limits["RequestsPerMinute"] = requests;
        if (arguments.TokensPerMinute is { } tokens) limits["TokensPerMinute"] = tokens;
        if (limits.Count > 0) entry["Limits"] = limits;
        var tenant = new JsonObject { ["Keys"] = new JsonObject { [name] = entry } };
        if (arguments.Role is { } role) tenant["Role"] = role;
        var settings = new JsonObject { ["ApiKeys"] = new JsonObject { [arguments.Tenant] = tenant } };

        await Console.Out.WriteLineAsync(
            $"""
            The key, which nobody can show again:

            {key}

            Its settings, for every Gateway. They have its hash only. In appsettings.json:

            {settings.ToJsonString(new JsonSerializerOptions { WriteIndented = true })}

            Or as environment variables, or as files of these names in the folder Secrets:Path:

            {string.Join('\n', VariablesOf(settings, ""))}

            Other keys of the tenant stay valid. docs/keys-and-limits.md has more.
            """);
        return 0;
    }

    private static IEnumerable<string> VariablesOf(JsonObject settings, string path) => settings.SelectMany(one =>
        one.Value is JsonObject inner ? VariablesOf(inner, $"{path}{one.Key}__") : [$"{path}{one.Key}={one.Value}"]);
}

/// <summary><c>./ai key new</c>.</summary>
internal sealed partial record KeyArguments : CliArguments
{
    public const string TimeForm = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private const long MostLimit = 1_000_000_000_000;

    private static readonly string[] TimeForms = [TimeForm, "yyyy-MM-dd"];

    /// <summary>The tenant whose key it is.</summary>
    public required string Tenant { get; init; }

    /// <summary>The tenant's role; null to leave it as it is.</summary>
    public string? Role { get; init; }

    /// <summary>When the key expires; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public long? RequestsPerMinute { get; init; }

    public long? TokensPerMinute { get; init; }

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex TenantName { get; }

    /// <summary>Parses what follows <c>key</c>; what is wrong is null, or the arguments are.</summary>
    public static (CliArguments? Wanted, string? Misuse) ParseKey(IReadOnlyList<string> arguments, TimeProvider time)
    {
        if (arguments is not ["new", var tenant, ..]) return (null, "'key' takes 'new' and the name of a tenant.");
        if (!TenantName.IsMatch(tenant))
            return (null, $"A tenant's name has 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'; '{tenant}' has not.");

        var wanted = new KeyArguments { Tenant = tenant };
        for (var i = 2; i < arguments.Count; i += 2)
        {
            var (option, value) = (arguments[i], i + 1 < arguments.Count ? arguments[i + 1] : null);
            string? misuse;
            (wanted, misuse) = option switch
            {
                "--role" => value is "user" or "operator"
                    ? (wanted with { Role = value }, null) : (wanted, $"--role takes 'user' or 'operator', not '{value}'."),
                "--expires" => DateTimeOffset.TryParseExact(
                        value, TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var expiry)
                    && expiry > time.GetUtcNow()
                    ? (wanted with { ExpiresAt = expiry }, null)
                    : (wanted, $"--expires takes a day or a time to come (UTC), such as 2027-01-31T12:00:00Z, not '{value}'."),
                "--rpm" => TryParseLimit(value, out var requests)
                    ? (wanted with { RequestsPerMinute = requests }, null) : (wanted, NoLimit(option, value)),
                "--tpm" => TryParseLimit(value, out var tokens)
                    ? (wanted with { TokensPerMinute = tokens }, null) : (wanted, NoLimit(option, value)),
                _ => (wanted, $"'key new' has no option '{option}'."),
            };
            if (misuse is not null) return (null, misuse);
        }

        return (wanted, null);
    }

    private static bool TryParseLimit(string? text, out long limit) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is > 0 and <= MostLimit;

    private static string NoLimit(string option, string? value) => $"{option} takes a number from 1 to {MostLimit}, not '{value}'.";
}
