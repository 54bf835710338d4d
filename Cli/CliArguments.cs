using System.Globalization;

namespace AiPlatform.Cli;

/// <summary>The parsed command line.</summary>
internal abstract record CliArguments
{
    /// <summary>The environment variable with the Gateway's address where the command line has none.</summary>
    public const string UrlVariable = "AI_URL";

    /// <summary>The Gateway's address; it ends with a slash.</summary>
    public Uri Gateway { get; init; } = new("http://127.0.0.1:8080/");

    /// <param name="arguments">The command line.</param>
    /// <param name="url">The Gateway's address where the command line has none; null or empty for that of <c>./ai up</c>.</param>
    /// <returns>The arguments; or null, and what is wrong with the command line.</returns>
    public static (CliArguments? Wanted, string? Misuse) Parse(IReadOnlyList<string> arguments, string? url)
    {
        CliArguments? wanted = arguments.Count == 0 ? null : arguments[0] switch
        {
            "models" => new ModelsArguments(),
            "chat" => new ChatArguments(),
            _ => null,
        };
        if (wanted is null) return (null, "The commands are 'models' and 'chat'.");

        string? misuse = null;
        if (!string.IsNullOrEmpty(url)) (wanted, misuse) = ReadUrl(wanted, UrlVariable, url);
        for (var i = 1; i < arguments.Count && misuse is null; i++)
        {
            var option = arguments[i];
            if (wanted is ModelsArguments models && option == "--json") wanted = models with { Json = true };
            else (wanted, misuse) = Read(wanted, arguments[0], option, ++i < arguments.Count ? arguments[i] : null);
        }

        return misuse is null ? (wanted, null) : (null, misuse);
    }

    private static (CliArguments Wanted, string? Misuse) Read(CliArguments wanted, string command, string option, string? value)
    {
        if (option == "--port")
        {
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65_535
                ? (wanted with { Gateway = new Uri($"http://127.0.0.1:{port}/") }, null)
                : (wanted, $"--port takes a number from 1 to 65535, not '{value}'.");
        }

        if (option == "--url") return ReadUrl(wanted, option, value);

        if (wanted is not ChatArguments chat || option is not ("--model" or "--system" or "--max-tokens" or "--temperature"))
            return (wanted, $"'{command}' has no option '{option}'.");
        if (string.IsNullOrEmpty(value)) return (wanted, $"{option} needs a value.");
        return option switch
        {
            "--model" => (chat with { Model = value }, null),
            "--system" => (chat with { System = value }, null),
            "--max-tokens" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) && tokens > 0
                ? (chat with { MaxTokens = tokens }, null) : (wanted, $"--max-tokens takes a number of 1 or more, not '{value}'."),
            _ => float.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var temperature)
                && temperature <= 2
                ? (chat with { Temperature = temperature }, null) : (wanted, $"--temperature takes a number from 0 to 2, not '{value}'."),
        };
    }

    private static (CliArguments Wanted, string? Misuse) ReadUrl(CliArguments wanted, string name, string? value) =>
        Uri.TryCreate($"{value?.TrimEnd('/')}/", UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")
            && address is { Query: "", Fragment: "", UserInfo: "" }
            ? (wanted with { Gateway = address }, null)
            : (wanted, $"{name} takes the Gateway's address, such as https://ai.example.com, not '{value}'.");
}

/// <summary><c>./ai models</c>.</summary>
internal sealed record ModelsArguments : CliArguments
{
    /// <summary>Whether the Gateway's JSON is printed instead of a table.</summary>
    public bool Json { get; init; }
}

/// <summary><c>./ai chat</c>.</summary>
internal sealed record ChatArguments : CliArguments
{
    /// <summary>The model's name; null for the first model that can chat.</summary>
    public string? Model { get; init; }

    /// <summary>The system message.</summary>
    public string? System { get; init; }

    /// <summary>Most tokens of an answer; null for as many as the model's context has room for.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Null for the model's default.</summary>
    public float? Temperature { get; init; }
}
