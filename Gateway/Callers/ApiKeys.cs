using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using AiPlatform.Gateway.Configuration;
using AiPlatform.Gateway.Errors;
using AiPlatform.Gateway.Telemetry;
using AiPlatform.Jobs.Limits;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace AiPlatform.Gateway.Callers;

/// <summary>
/// Identifies callers by their keys. A changed configuration takes effect at once. A tenant whose entry is wrong keeps those of its last
/// valid keys that the entry still has, and the log says what is wrong. A change that leaves no entry is refused, because then callers
/// would need no key.
/// </summary>
internal sealed class ApiKeys : IDisposable
{
    /// <summary>Longest key, in characters.</summary>
    private const int MaxKeyLength = 10_000;

    private const string Scheme = "Bearer ";

    /// <summary>The caller of a Gateway without keys.</summary>
    private readonly Caller _everybody;

    private readonly CallLimits _limits;
    private readonly IConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly ILogger<ApiKeys> _logger;
    private readonly Lock _gate = new();
    private readonly IDisposable _watch;
    private volatile IReadOnlyList<ApiKey> _keys;
    private volatile bool _areNeeded;

    /// <exception cref="OptionsValidationException">The keys are wrong: the process does not start with them.</exception>
    public ApiKeys(IConfiguration configuration, IOptions<LimitsOptions> limits, TimeProvider time, ILogger<ApiKeys> logger)
    {
        _limits = limits.Value.Limits;
        _everybody = new Caller(Tenants.Anonymous, IsOperator: true) { Limits = ApiKeyReader.LimitsOf(Tenants.Anonymous, _limits) };
        _configuration = configuration;
        _time = time;
        _logger = logger;
        _keys = ApiKeyReader.Read(configuration, _limits);
        _areNeeded = _keys.Count > 0;
        _watch = ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    /// <summary>
    /// Whether callers need a key. Expired keys count, so a Gateway whose keys have all expired still requires one, and so does one that
    /// lost its last valid key.
    /// </summary>
    public bool AreNeeded => _areNeeded;

    /// <summary>The tenants that may have called: those with keys, and the anonymous tenant from a time without keys.</summary>
    public IReadOnlyList<string> KnownTenants =>
        [.. _keys.Select(key => key.Caller.Tenant).Append(Tenants.Anonymous)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Reads the <c>Authorization</c> header. A Gateway without keys ignores it, because SDKs always send one.</summary>
    public bool TryIdentify(
        StringValues authorization, [NotNullWhen(true)] out Caller? caller, [NotNullWhen(false)] out InferenceError? error)
    {
        caller = AreNeeded ? null : _everybody;
        error = null;
        if (caller is not null) return true;

        if (!TryReadKey(authorization, out var key, out error)) return false;
        var found = Find(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        if (found is null) error = Refusals.InvalidApiKey("The API key is not one that is let in.");
        else if (!(found.ExpiresAt <= _time.GetUtcNow())) caller = found.Caller;
        else error = Refusals.InvalidApiKey($"The API key expired at {found.ExpiresAt:yyyy-MM-ddTHH:mm:ssZ}.");
        return error is null;
    }

    public void Dispose() => _watch.Dispose();

    private void Reload()
    {
        lock (_gate)
        {
            var read = ApiKeyReader.ReadEach(_configuration, _limits);
            if (read.Errors.Count > 0) Log.KeysNotReloaded(_logger, string.Join(" ", read.Errors));
            IReadOnlyList<ApiKey> keys = [.. read.Keys, .. _keys.Where(read.IsKeptBesideErrors)];
            var last = _keys.ToDictionary(key => Convert.ToHexString(key.Sha256.Span));
            if (keys.Count == last.Count
                && keys.All(key => last.TryGetValue(Convert.ToHexString(key.Sha256.Span), out var other) && IsSame(key, other)))
            {
                return;
            }

            if (!_configuration.GetSection(ApiKeyForm.SectionName).GetChildren().Any())
            {
                Log.KeysNotReloaded(_logger, "no key is left, so all stay.");
                return;
            }

            _keys = keys;
            if (keys.Count > 0) _areNeeded = true;
            Log.KeysReloaded(_logger, keys.Count, keys.Select(key => key.Caller.Tenant).Distinct(StringComparer.Ordinal).Count());
        }
    }

    private static bool IsSame(ApiKey one, ApiKey other) => one.Caller == other.Caller && one.ExpiresAt == other.ExpiresAt;

    /// <summary>Compares with every key, in a time that depends neither on which key matches nor on how much of it matches.</summary>
    private ApiKey? Find(ReadOnlySpan<byte> hash)
    {
        ApiKey? found = null;
        foreach (var key in _keys)
            if (CryptographicOperations.FixedTimeEquals(key.Sha256.Span, hash)) found = key;
        return found;
    }

    /// <summary>Reads the key. An error repeats nothing of the header, because it may contain a key.</summary>
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

/// <summary>An accepted key. Only its holder knows the key itself.</summary>
/// <param name="Caller">The caller that it identifies.</param>
/// <param name="Sha256">The hash of its UTF-8 bytes.</param>
/// <param name="ExpiresAt">When it expires; null when it never does.</param>
internal sealed record ApiKey(Caller Caller, ReadOnlyMemory<byte> Sha256, DateTimeOffset? ExpiresAt = null);

/// <summary>What was read of the keys' configuration.</summary>
/// <param name="Keys">The keys of all tenants whose entries are valid.</param>
/// <param name="Errors">What is wrong with the other entries.</param>
/// <param name="InWrongEntries">The tenants of those and the hashes of their keys, in upper case.</param>
internal sealed record ReadKeys(
    IReadOnlyList<ApiKey> Keys, IReadOnlyList<string> Errors, IReadOnlySet<(string Tenant, string Sha256)> InWrongEntries)
{
    /// <summary>Whether a key from before stays: its tenant's entry is wrong now, and still has it.</summary>
    public bool IsKeptBesideErrors(ApiKey key) =>
        InWrongEntries.Contains((key.Caller.Tenant.ToUpperInvariant(), Convert.ToHexString(key.Sha256.Span)));
}
