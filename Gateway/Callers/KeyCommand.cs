using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.Jobs.Limits;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.Gateway.Callers;

/// <summary>
/// <c>key new</c>: makes an API key, and prints it once with the configuration that lets it in, which has only its hash. It calls nothing,
/// and keeps nothing. The Gateway's program and the Cli's have it, from these same files.
/// </summary>
/// <param name="output">Gets the key and its settings.</param>
/// <param name="errors">Gets what is wrong.</param>
/// <param name="time">The clock.</param>
/// <param name="program">How the program is called, for its usage.</param>
internal sealed class KeyCommand(TextWriter output, TextWriter errors, TimeProvider time, string program = "./ai")
{
    private string Usage => $"""
        usage: {program} key new TENANT [--role user|operator] [--expires DATE] [--rpm N] [--tpm N]

          Makes an API key, and prints it once, with the settings to paste. They have only its hash. Other keys of the tenant stay valid.

          --role R         the role of the tenant: user or operator, who also sees and runs the queues of all tenants (default: as it is,
                           else user)
          --expires DATE   when the key expires (UTC), such as 2027-01-31 or 2027-01-31T12:00:00Z (default: never)
          --rpm N          most calls with this key in a minute (default: as many as the tenant has)
          --tpm N          most tokens with this key in a minute (default: as many as the tenant has)

        docs/keys-and-limits.md in AiPlatform's repository describes keys, their rotation and limits.
        """;

    private const int KeyBytes = 32;
    private const int NameBytes = 4;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <returns>The exit code: 0, or 2 for a wrong command line.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        if (arguments is ["--help" or "-h" or "help", ..])
        {
            output.WriteLine(Usage);
            return 0;
        }

        var (wanted, misuse) = KeyArguments.Parse(arguments, time);
        if (wanted is null)
        {
            errors.WriteLine($"error: {PrintableText.Of(misuse!)}\n'{program} key --help' shows the usage.");
            return 2;
        }

        Print(wanted);
        return 0;
    }

    private void Print(KeyArguments arguments)
    {
        var secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        var key = $"aip_{secret}";
        var name = $"k{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(NameBytes))}";
        var entry = new JsonObject { [ApiKeyForm.HashName] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))) };
        if (arguments.ExpiresAt is { } expiry)
            entry[ApiKeyForm.ExpiryName] = expiry.ToString(ApiKeyForm.ExpiryForm, CultureInfo.InvariantCulture);
        var limits = new JsonObject();
        if (arguments.RequestsPerMinute is { } requests) limits[nameof(CallLimits.RequestsPerMinute)] = requests;
        if (arguments.TokensPerMinute is { } tokens) limits[nameof(CallLimits.TokensPerMinute)] = tokens;
        if (limits.Count > 0) entry[ApiKeyForm.LimitsName] = limits;
        var tenant = new JsonObject { [ApiKeyForm.KeysName] = new JsonObject { [name] = entry } };
        if (arguments.Role is { } role) tenant[ApiKeyForm.RoleName] = role;
        var settings = new JsonObject { [ApiKeyForm.SectionName] = new JsonObject { [arguments.Tenant] = tenant } };

        output.WriteLine(
            $"""
            The key, which nobody can show again:

            {key}

            Its settings, for every Gateway. They have its hash only. In appsettings.json:

            {settings.ToJsonString(Indented)}

            Or as environment variables, or as files of these names in the folder Secrets:Path:

            {string.Join('\n', VariablesOf(settings, ""))}

            Other keys of the tenant stay valid. docs/keys-and-limits.md in AiPlatform's repository has more.
            """);
    }

    private static IEnumerable<string> VariablesOf(JsonObject settings, string path) => settings.SelectMany(one =>
        one.Value is JsonObject inner ? VariablesOf(inner, $"{path}{one.Key}__") : [$"{path}{one.Key}={one.Value}"]);
}

/// <summary>The arguments of <c>key new</c>.</summary>
internal sealed record KeyArguments
{
    private static readonly string[] TimeForms = [ApiKeyForm.ExpiryForm, "yyyy-MM-dd"];

    /// <summary>The tenant whose key it is.</summary>
    public required string Tenant { get; init; }

    /// <summary>The tenant's role; null to leave it as it is.</summary>
    public string? Role { get; init; }

    /// <summary>When the key expires; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public long? RequestsPerMinute { get; init; }

    public long? TokensPerMinute { get; init; }

    /// <summary>Parses what follows <c>key</c>: what is wrong is null, or the arguments are.</summary>
    public static (KeyArguments? Wanted, string? Misuse) Parse(IReadOnlyList<string> arguments, TimeProvider time)
    {
        if (arguments is not ["new", var tenant, ..]) return (null, "'key' takes 'new' and the name of a tenant.");
        if (!ApiKeyForm.TenantName.IsMatch(tenant)) return (null, $"{ApiKeyForm.TenantNameRule}; '{tenant}' has not.");
        if (tenant.Contains("__", StringComparison.Ordinal) || tenant.EndsWith('_'))
        {
            return (null, "A name with '__', or that ends with '_', cannot stand in an environment variable or a file's name, where '__' "
                + $"separates the parts of a setting: choose another than '{tenant}'.");
        }

        var wanted = new KeyArguments { Tenant = tenant };
        for (var i = 2; i < arguments.Count; i += 2)
        {
            var (option, value) = (arguments[i], i + 1 < arguments.Count ? arguments[i + 1] : null);
            string? misuse;
            (wanted, misuse) = option switch
            {
                "--role" => value is ApiKeyForm.User or ApiKeyForm.Operator
                    ? (wanted with { Role = value }, null)
                    : (wanted, $"--role takes '{ApiKeyForm.User}' or '{ApiKeyForm.Operator}', not '{value}'."),
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
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is > 0 and <= CallLimits.Most;

    private static string NoLimit(string option, string? value) => $"{option} takes a number from 1 to {CallLimits.Most}, not '{value}'.";
}
