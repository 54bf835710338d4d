namespace AiPlatform.Client.Hosting;

/// <summary>The settings of a client in the section <c>Aspire:AiPlatform:Client</c>.</summary>
public sealed class AiPlatformClientSettings
{
    /// <summary>
    /// Where the Gateway is: <c>Endpoint=https://host;Key=…;Model=…</c>. The connection string of the configuration, which Aspire sets for a
    /// referenced resource, comes before this one.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>The address of the Gateway, if there is no connection string.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>The caller's key; the one of the connection string when null.</summary>
    public string? Key { get; set; }

    /// <summary>The model of calls that name none; the one of the connection string when null.</summary>
    public string? Model { get; set; }

    /// <summary>How long a synchronous call may take in all; see <see cref="AiPlatformClientOptions.Timeout"/>.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>How often a request is sent again, 0 to 20; 8 when null.</summary>
    public int? MaxRetries { get; set; }

    /// <summary>The longest pause before a retry, 0 to 10 minutes; 10 s when null.</summary>
    public TimeSpan? MaxRetryDelay { get; set; }

    /// <summary>Whether the health check is left out. Default false.</summary>
    public bool DisableHealthChecks { get; set; }

    /// <summary>Whether the client's spans are left out. Default false.</summary>
    public bool DisableTracing { get; set; }

    /// <exception cref="InvalidOperationException">
    /// Neither a connection string nor an address is there, or the former has another form.
    /// </exception>
    internal AiPlatformClientOptions ToOptions(string connectionName, string section)
    {
        if (ConnectionString is null && Endpoint is null)
        {
            throw new InvalidOperationException(
                $"The client of AiPlatform does not know where the Gateway is: set ConnectionStrings:{connectionName} to "
                + $"'Endpoint=https://host;Key=…;Model=…', or {section}:Endpoint.");
        }

        AiPlatformClientOptions options;
        try
        {
            options = ConnectionString is { } text ? AiPlatformClientOptions.Parse(text) : new AiPlatformClientOptions();
        }
        catch (FormatException wrong)
        {
            throw new InvalidOperationException($"ConnectionStrings:{connectionName} cannot be read. {wrong.Message}", wrong);
        }

        if (ConnectionString is null) options.Endpoint = Endpoint!;
        options.Key = Key ?? options.Key;
        options.Model = Model ?? options.Model;
        options.Timeout = Timeout;
        options.MaxRetries = MaxRetries ?? options.MaxRetries;
        options.MaxRetryDelay = MaxRetryDelay ?? options.MaxRetryDelay;
        return options;
    }
}
