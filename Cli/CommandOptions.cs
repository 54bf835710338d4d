using System.CommandLine;
using System.Globalization;

namespace AiPlatform.Cli;

/// <summary>Options whose errors say what they take.</summary>
internal static class CommandOptions
{
    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public static Option<int?> Number(string name, int least, int most, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
                return number;
            result.AddError(
                most == int.MaxValue
                    ? $"{name} takes a number of {least} or more, not '{text}'."
                    : $"{name} takes a number from {least} to {most}, not '{text}'.");
            return null;
        },
    };

    /// <summary>A text that is not empty.</summary>
    public static Option<string?> Text(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (text.Length == 0) result.AddError($"{name} needs a value.");
            return text;
        },
    };

    /// <summary>One of some words.</summary>
    public static Option<string?> OneOf(string name, IReadOnlyList<string> words, string helpName, string description)
    {
        var known = string.Join(", ", words);
        var option = Text(name, helpName, $"{description}: {known}");
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !words.Contains(token.Value))
                result.AddError($"{name} takes one of {known}, not '{token.Value}'.");
        });
        return option;
    }

    /// <summary>The switch to JSON.</summary>
    public static Option<bool> Json(string description) => new("--json") { Description = description };
}
