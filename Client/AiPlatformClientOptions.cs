namespace AiPlatform.Client;

/// <summary>Where the Gateway is, who calls it, and how long a call may take.</summary>
public sealed class AiPlatformClientOptions
{
    /// <summary>The longest deadline that a header can carry.</summary>
    internal static readonly TimeSpan MaxTimeout = TimeSpan.FromDays(7);

    /// <summary>
    /// The address of the Gateway, with <c>http</c> or <c>https</c>, without <c>/v1</c>. Default <c>http://127.0.0.1:8080</c>.
    /// </summary>
    public Uri Endpoint { get; set; } = new("http://127.0.0.1:8080");

    /// <summary>The caller's key, as <c>./ai key new</c> makes it; null for a Gateway without keys.</summary>
    public string? Key { get; set; }

    /// <summary>The model of calls that name none; null if each of them names one.</summary>
    public string? Model { get; set; }

    /// <summary>
    /// How long a synchronous call may take in all, its retries included: more than 0, at most 7 days. The Gateway gets a little less than
    /// what is left of it as <c>X-Request-Timeout</c>. With null, the default, the Gateway's limits hold (a minute, for streams 10), and
    /// a call fails whose answer does not begin within 2 minutes, or a stream's within 11. Calls about jobs fail after 30 s at the latest;
    /// the jobs have deadlines of their own.
    /// </summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>
    /// How often a request is sent again that was not answered, or was answered with 429, 502 or 503: 0 to 20, default 8. With pauses from
    /// 250 ms, each twice as long as the one before, to <see cref="MaxRetryDelay"/> they last for 30 to 40 s, longer than the restart of a
    /// Gateway. Requests carry an idempotency key, so a repeated one does not run twice.
    /// </summary>
    public int MaxRetries { get; set; } = 8;

    /// <summary>
    /// The longest pause before a retry: 0 to 10 minutes, default 10 s. An answer whose <c>Retry-After</c> is longer is passed on as it is.
    /// </summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Reads a connection string: <c>Endpoint=https://…;Key=…;Model=…</c>, of which Key and Model may be left out; or only the address.
    /// </summary>
    /// <exception cref="FormatException">It has another form. The message says what is wrong, without the key.</exception>
    public static AiPlatformClientOptions Parse(string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        var options = new AiPlatformClientOptions();
        if (!connectionString.Contains('=', StringComparison.Ordinal))
        {
            options.Endpoint = ReadEndpoint(connectionString.Trim());
            return options;
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in connectionString.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = part.Split('=', 2, StringSplitOptions.TrimEntries) is [var left, var right] ? (left, right) : (part, "");
            if (value.Length == 0) throw new FormatException($"The connection string has '{name}' without a value. {Form}");
            if (!names.Add(name)) throw new FormatException($"The connection string has '{name}' twice. {Form}");
            if (name.Equals("Endpoint", StringComparison.OrdinalIgnoreCase)) options.Endpoint = ReadEndpoint(value);
            else if (name.Equals("Key", StringComparison.OrdinalIgnoreCase)) options.Key = value;
            else if (name.Equals("Model", StringComparison.OrdinalIgnoreCase)) options.Model = value;
            else throw new FormatException($"The connection string has the unknown name '{name}'. {Form}");
        }

        return names.Contains("Endpoint") ? options : throw new FormatException($"The connection string has no Endpoint. {Form}");
    }

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    internal void Check()
    {
        if (Endpoint is { IsAbsoluteUri: true, UserInfo.Length: > 0 })
            throw new ArgumentException($"Endpoint {UserForm}", nameof(Endpoint));
        if (!IsAddress(Endpoint)) throw new ArgumentException($"Endpoint is '{Endpoint}'. {AddressForm}", nameof(Endpoint));
        if (Timeout is { } limit && (limit <= TimeSpan.Zero || limit > MaxTimeout))
        {
            var said = limit == System.Threading.Timeout.InfiniteTimeSpan ? "infinite" : $"{limit}";
            throw new ArgumentException(
                $"Timeout is {said}; it must be more than 0 and at most {MaxTimeout}, or null for the Gateway's limits.", nameof(Timeout));
        }

        if (MaxRetries is < 0 or > 20) throw new ArgumentException($"MaxRetries is {MaxRetries}; it must be 0 to 20.", nameof(MaxRetries));
        if (MaxRetryDelay < TimeSpan.Zero || MaxRetryDelay > TimeSpan.FromMinutes(10))
        {
            throw new ArgumentException(
                $"MaxRetryDelay is {MaxRetryDelay}; it must be 0 to 10 minutes.", nameof(MaxRetryDelay));
        }

        if (Key is not null && (Key.Length == 0 || Key.Any(one => one is <= ' ' or > '~')))
            throw new ArgumentException("Key is empty, or has characters that a header cannot carry.", nameof(Key));
    }

    private const string Form = "Its form is 'Endpoint=https://host;Key=…;Model=…'; Key and Model may be left out.";

    private const string AddressForm = "It must be the address of the Gateway, such as 'http://127.0.0.1:8080', without a path.";

    private const string UserForm = "has a user or a password before the host; Key is the caller's key.";

    /// <summary>What is before an <c>@</c> may be a password, and is not shown.</summary>
    private static Uri ReadEndpoint(string text) => text.Contains('@', StringComparison.Ordinal)
        ? throw new FormatException($"The connection string's Endpoint {UserForm}")
        : Uri.TryCreate(text, UriKind.Absolute, out var address) && IsAddress(address)
        ? address
        : throw new FormatException($"The connection string's Endpoint is '{text}'. {AddressForm}");

    private static bool IsAddress(Uri? address) =>
        address is { IsAbsoluteUri: true } && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
        && address.Query.Length == 0 && address.Fragment.Length == 0;
}
