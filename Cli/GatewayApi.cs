using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Cli;

/// <summary>Calls the Gateway's routes that the SDK does not have. Sends the API key of <c>AI_API_KEY</c>, if it is set.</summary>
internal sealed class GatewayApi : IDisposable
{
    private const string KeyVariable = "AI_API_KEY";

    private readonly HttpClient _http;

    /// <param name="address">The Gateway's address, which ends with a slash.</param>
    public GatewayApi(Uri address)
    {
        Address = address;
        Key = Environment.GetEnvironmentVariable(KeyVariable) is { Length: > 0 } key ? key : null;
        _http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
        if (Key is not null) _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    public Uri Address { get; }

    public string? Key { get; }

    /// <summary>The address for people.</summary>
    public string Place => Address.AbsoluteUri.TrimEnd('/');

    /// <summary>The error when no Gateway answers.</summary>
    public string Silence =>
        $"No Gateway answers at {Place}. './ai up' starts one; --url or {CliArguments.UrlVariable} names another one.";

    /// <summary>The models that the Gateway serves, as its JSON and parsed. Exactly one of answer and problem is set.</summary>
    public async Task<((string Json, IReadOnlyList<ModelEntry> Models)? Answer, string? Problem)> ListModelsAsync()
    {
        try
        {
            using var response = await _http.GetAsync(new Uri("v1/models", UriKind.Relative));
            var json = await response.Content.ReadAsStringAsync();
            if (response.StatusCode != HttpStatusCode.OK) return (null, ProblemOf(json, (int)response.StatusCode));

            var models = JsonSerializer.Deserialize(json, ModelsJson.Default.ModelEntries)?.Data;
            return models is not null ? ((json, models), null) : (null, NoGateway());
        }
        catch (HttpRequestException unsafeLine) when (unsafeLine.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            return (null, $"{Place} answers, but not with TLS that can be trusted: {unsafeLine.InnerException?.Message}");
        }
        catch (Exception silent) when (silent is HttpRequestException or OperationCanceledException)
        {
            return (null, Silence);
        }
        catch (JsonException)
        {
            return (null, NoGateway());
        }
    }

    /// <summary>The message of an error answer; without a message, its status.</summary>
    public static string ProblemOf(string json, int status)
    {
        if (status == (int)HttpStatusCode.Unauthorized) return $"The Gateway needs an API key: set {KeyVariable}.";
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String)
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

    private string NoGateway() =>
        $"The program that answers at {Place} is not a Gateway; --url or {CliArguments.UrlVariable} names the Gateway.";
}

/// <summary>A model of <c>/v1/models</c>. Members that the Gateway does not know are null.</summary>
internal sealed record ModelEntry
{
    public required string Id { get; init; }

    public string? OwnedBy { get; init; }

    /// <summary><c>worker</c> or <c>provider</c>.</summary>
    public string? ServedBy { get; init; }

    public bool? Available { get; init; }

    public string? Task { get; init; }

    public int? MaxModelLen { get; init; }

    public int? Workers { get; init; }

    public IReadOnlyList<string>? Devices { get; init; }

    /// <summary>Whether it can chat now, as far as is known.</summary>
    [JsonIgnore]
    public bool MayChat => Available != false && IsForChats;

    /// <summary>Whether it is a language model, as far as is known.</summary>
    [JsonIgnore]
    public bool IsForChats => Task is null or "text-generation";
}

/// <summary>The list of models.</summary>
internal sealed record ModelEntries
{
    public IReadOnlyList<ModelEntry>? Data { get; init; }
}

/// <summary>The JSON of <c>/v1/models</c>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ModelEntries))]
internal sealed partial class ModelsJson : JsonSerializerContext;
