using System.Security.Cryptography;
using System.Text;

namespace AiPlatform.Tests.Gateway.Fuzz;

/// <summary>Whether a request is valid by the document.</summary>
internal enum Verdict
{
    /// <summary>The request is valid.</summary>
    Right,

    /// <summary>The request is invalid and must be refused.</summary>
    Wrong,

    /// <summary>The document does not say.</summary>
    Unsaid,
}

/// <summary>A request, byte for byte.</summary>
/// <param name="Operation">Its operation; null when the document has none.</param>
/// <param name="Method">The method.</param>
/// <param name="Target">Path and query, as they are sent.</param>
/// <param name="Headers">In their order; a body's content type is one of them.</param>
/// <param name="Body">Null when there is none.</param>
/// <param name="Verdict">Whether it is valid by the document.</param>
internal sealed record ApiRequest(
    ApiOperation? Operation,
    string Method,
    string Target,
    IReadOnlyList<(string Name, string Value)> Headers,
    byte[]? Body,
    Verdict Verdict)
{
    private const int LongestInLine = 2_000;

    public string? Header(string name) =>
        Headers.Where(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(one => one.Value).FirstOrDefault();

    /// <summary>A line for a shell that sends the same; a long body goes into a file.</summary>
    public string ToCurl(Uri address)
    {
        var url = address.GetLeftPart(UriPartial.Authority) + Target;
        var line = new StringBuilder($"curl -isS --path-as-is -X {Quoted(Method)} {Quoted(url)}");
        foreach (var (name, value) in Headers) line.Append(" -H ").Append(Quoted(value.Length == 0 ? $"{name};" : $"{name}: {value}"));
        if (Method == "HEAD") line.Append(" -I");
        if (Body is null) return line.ToString();
        if (Body.Length <= LongestInLine && Body.All(one => one is >= (byte)' ' and <= (byte)'~'))
            return $"{line} --data-binary {Quoted(Encoding.ASCII.GetString(Body))}";
        if (Body.Length <= LongestInLine) return $"echo {Convert.ToBase64String(Body)} | base64 -d | {line} --data-binary @-";

        var file = Path.Combine(Path.GetTempPath(), $"request-{Convert.ToHexStringLower(SHA256.HashData(Body))[..12]}");
        File.WriteAllBytes(file, Body);
        return $"{line} --data-binary @{file}";
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

/// <summary>Sends requests as they are, and reads what comes back.</summary>
internal sealed class ApiClient(Uri address) : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly HttpClient _client =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { Timeout = Bound };

    public Uri Address => address;

    /// <param name="request">Is sent.</param>
    /// <param name="streamTime">How long a stream of events is read; what has come until then is the answer.</param>
    public async Task<ApiAnswer> SendAsync(ApiRequest request, TimeSpan streamTime)
    {
        var asItIs = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        var url = new Uri(address.GetLeftPart(UriPartial.Authority) + request.Target, asItIs);
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), url);
        if (request.Body is not null) message.Content = new ByteArrayContent(request.Body);
        foreach (var (name, value) in request.Headers)
            if (!message.Headers.TryAddWithoutValidation(name, value)) message.Content?.Headers.TryAddWithoutValidation(name, value);

        using var response = await _client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        var headers = response.Headers.Concat(response.Content.Headers).Concat(response.TrailingHeaders)
            .GroupBy(one => one.Key, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(
                one => one.Key, one => string.Join(", ", one.SelectMany(values => values.Value)), StringComparer.OrdinalIgnoreCase);
        var type = response.Content.Headers.ContentType?.MediaType;
        var body = type == "text/event-stream" ? await ReadEventsAsync(response, streamTime)
            : await response.Content.ReadAsByteArrayAsync();
        return new ApiAnswer((int)response.StatusCode, type, headers, body);
    }

    public void Dispose() => _client.Dispose();

    private static async Task<byte[]> ReadEventsAsync(HttpResponseMessage response, TimeSpan time)
    {
        using var body = new MemoryStream();
        using var end = new CancellationTokenSource(time);
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(end.Token);
            await stream.CopyToAsync(body, end.Token);
            return body.ToArray();
        }
        catch (Exception cut) when (cut is OperationCanceledException or IOException or HttpIOException)
        {
            // The text after the last empty line is an incomplete event.
            var text = Encoding.UTF8.GetString(body.ToArray());
            var last = text.LastIndexOf("\n\n", StringComparison.Ordinal);
            return Encoding.UTF8.GetBytes(last < 0 ? "" : text[..(last + 2)]);
        }
    }
}
