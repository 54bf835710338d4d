using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AiPlatform.Cli;

/// <summary>Calls the Gateway's routes that the SDK does not have.</summary>
internal sealed class GatewayApi : IDisposable
{
    /// <summary>Longest wait for an answer, except for chats and events.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;

    /// <param name="address">The Gateway's address, which ends with a slash.</param>
    /// <param name="key">The caller's API key; null for none.</param>
    public GatewayApi(Uri address, string? key)
    {
        (Address, Key) = (address, key);
        _http = new HttpClient { BaseAddress = Address, Timeout = Bound };
        if (Key is not null) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    public Uri Address { get; }

    public string? Key { get; }

    /// <summary>The address for people.</summary>
    public string Place => Address.AbsoluteUri.TrimEnd('/');

    /// <summary>The error when no Gateway answers.</summary>
    private string Silence => $"No Gateway answers at {Place}. {Program.StartHint} starts one; {Naming}";

    /// <summary>The end of an error whose cause may be the address.</summary>
    private static string Naming => $"--url or {GatewayChoice.UrlVariable} names another one.";

    /// <summary>The error when something else answers.</summary>
    public string NoGateway =>
        $"The program that answers at {Place} is not a Gateway; --url or {GatewayChoice.UrlVariable} names the Gateway.";

    /// <summary>The models that the Gateway serves, as its JSON and parsed. Exactly one of answer and problem is set.</summary>
    public async Task<((string Json, ModelEntries Models)? Answer, string? Problem)> ListModelsAsync()
    {
        var (answer, problem) = await GetAsync("v1/models");
        if (answer is null) return (null, problem);
        if (answer.Status != HttpStatusCode.OK) return (null, ProblemOf(answer.Body, (int)answer.Status));

        var models = answer.Read(ModelsJson.Default.ModelEntries);
        return models?.Data is not null ? ((answer.Body, models), null) : (null, NoGateway);
    }

    /// <summary>The answer of a route, whatever its status is; or why there is none.</summary>
    /// <param name="route">Without a slash at its beginning.</param>
    public async Task<(GatewayAnswer? Answer, string? Problem)> GetAsync(string route)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(route, UriKind.Relative));
            return (new GatewayAnswer(response.StatusCode, await response.Content.ReadAsStringAsync()), null);
        }
        catch (Exception lost) when (lost is HttpRequestException or OperationCanceledException)
        {
            return (null, ProblemOf(lost));
        }
    }

    /// <summary>The error when a request got no answer.</summary>
    public string ProblemOf(Exception lost) => lost switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } =>
            $"{Place} answers, but not with TLS that can be trusted: {lost.InnerException?.Message}",
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } =>
            $"The host '{Address.Host}' of {Place} is not known here; {Naming}",
        OperationCanceledException => $"Nobody at {Place} answered within {Bound.TotalSeconds} s; {Naming}",
        // The SDK wraps what was lost.
        not HttpRequestException when lost.InnerException is { } cause => ProblemOf(cause),
        _ => Silence,
    };

    /// <summary>The message of an error answer; without a message, its status.</summary>
    public string ProblemOf(string json, int status)
    {
        if (status == (int)HttpStatusCode.Unauthorized)
        {
            return Key is null
                ? $"The Gateway needs an API key: set {GatewayChoice.KeyVariable}."
                : $"The Gateway does not accept the API key in {GatewayChoice.KeyVariable}: it is not one of its keys, or has expired.";
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var error)
                && error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message)
                && message.ValueKind == JsonValueKind.String)
            {
                return message.GetString()!;
            }
        }
        catch (JsonException)
        {
            // The answer is not JSON, so only its status is known.
        }

        return $"The Gateway answered with status {status}.";
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>An answer of the Gateway.</summary>
internal sealed record GatewayAnswer(HttpStatusCode Status, string Body)
{
    /// <summary>The body; null when it is not of this type.</summary>
    public T? Read<T>(JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(Body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
