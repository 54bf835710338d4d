using System.CommandLine;
using System.CommandLine.Parsing;

namespace AiPlatform.Cli;

/// <summary>Says which Gateway a command asks: the command line, else the environment, else the one of <c>./ai up</c>.</summary>
internal sealed class GatewayChoice
{
    /// <summary>The environment variable with the Gateway's address where the command line has none.</summary>
    public const string UrlVariable = "AI_URL";

    /// <summary>The environment variable with the caller's API key.</summary>
    public const string KeyVariable = "AI_API_KEY";

    private const string VersionPath = "/v1";

    private static readonly Uri Default = new("http://127.0.0.1:8080/");

    private readonly string? _urlOfEnvironment = VariableOf(UrlVariable);
    private readonly string? _key = VariableOf(KeyVariable);

    private readonly Option<Uri?> _url = new("--url")
    {
        Description = $"The Gateway's address, such as https://ai.example.com (default: {UrlVariable}, else {Default.AbsoluteUri.TrimEnd('/')})",
        HelpName = "URL",
        CustomParser = result => ReadUrl("--url", result.Tokens[0].Value, result),
    };

    private readonly Option<int?> _port =
        CommandOptions.Number("--port", 1, 65_535, "P", "The same as --url http://127.0.0.1:P");

    /// <summary>Adds the options to a command, which then refuses what is no address, and a key that no header carries.</summary>
    public void AddTo(Command command)
    {
        command.Add(_url);
        command.Add(_port);
        command.Validators.Add(result =>
        {
            var (hasUrl, hasPort) = (result.GetResult(_url) is not null, result.GetResult(_port) is not null);
            if (hasUrl && hasPort) result.AddError("--url and --port both name the Gateway: leave one of them out.");
            if (!hasUrl && !hasPort && _urlOfEnvironment is { } url) ReadUrl(UrlVariable, url, result);
            if (_key?.Any(one => one is <= ' ' or > '~') == true)
                result.AddError($"{KeyVariable} has a blank, a line end or another character that a key never has.");
        });
    }

    /// <summary>Opens the chosen Gateway, which the caller disposes.</summary>
    public GatewayApi Open(ParseResult parsed) => new(
        parsed.GetValue(_url)
            ?? (parsed.GetValue(_port) is { } port ? new Uri($"http://127.0.0.1:{port}/") : null)
            ?? (_urlOfEnvironment is { } url ? ReadUrl(UrlVariable, url, result: null) : null)
            ?? Default,
        _key);

    private static string? VariableOf(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;

    /// <summary>
    /// The address, with a slash at its end, and without the <c>/v1</c> that OpenAI's SDKs want there; null, and an error, for another
    /// text.
    /// </summary>
    private static Uri? ReadUrl(string name, string text, SymbolResult? result)
    {
        var bare = text.TrimEnd('/');
        if (bare.EndsWith(VersionPath, StringComparison.Ordinal)) bare = bare[..^VersionPath.Length].TrimEnd('/');
        if (Uri.TryCreate($"{bare}/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            && address is { Query: "", Fragment: "", UserInfo: "" })
        {
            return address;
        }

        result?.AddError($"{name} takes the Gateway's address, such as https://ai.example.com, not '{text}'.");
        return null;
    }
}
