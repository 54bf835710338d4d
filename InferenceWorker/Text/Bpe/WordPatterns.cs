using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace AiPlatform.InferenceWorker.Text.Bpe;

/// <summary>
/// The patterns that split a text into words, as published tokenizers write them. A file's pattern must be exactly one of these. .NET
/// matches them as Hugging Face's engine does, and none is slow on any text. Another pattern could match differently or never end.
/// </summary>
internal static partial class WordPatterns
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Blanks = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Uppers = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lowers = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string BeforeWord = @"[^\r\n\p{L}\p{N}]?";

    private const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string Llama3Pattern =
        Contractions + "|" + BeforeWord + @"\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Blanks;

    private const string Qwen2Pattern =
        Contractions + "|" + BeforeWord + @"\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Blanks;

    private const string MistralNemoPattern =
        BeforeWord + Uppers + "*" + Lowers + "+|" + BeforeWord + Uppers + "+" + Lowers + @"*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Blanks;

    private const string Gpt4OPattern =
        BeforeWord + Uppers + "*" + Lowers + "+" + Contractions + "?|" + BeforeWord + Uppers + "+" + Lowers + "*" + Contractions
        + @"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Blanks;

    private const string UpToThreeDigitsPattern = @"\p{N}{1,3}";

    private static readonly Dictionary<string, Regex> Known = new()
    {
        [Gpt2Pattern] = Gpt2,
        [Llama3Pattern] = Llama3,
        [Qwen2Pattern] = Qwen2,
        [MistralNemoPattern] = MistralNemo,
        [Gpt4OPattern] = Gpt4O,
        [UpToThreeDigitsPattern] = UpToThreeDigits,
    };

    [GeneratedRegex(Gpt2Pattern, RegexOptions.CultureInvariant)]
    public static partial Regex Gpt2 { get; }

    /// <summary>A digit of any script by itself.</summary>
    [GeneratedRegex(@"\p{N}", RegexOptions.CultureInvariant)]
    public static partial Regex Digit { get; }

    [GeneratedRegex(@"\p{N}+", RegexOptions.CultureInvariant)]
    public static partial Regex Digits { get; }

    [GeneratedRegex(Llama3Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Llama3 { get; }

    [GeneratedRegex(Qwen2Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Qwen2 { get; }

    [GeneratedRegex(MistralNemoPattern, RegexOptions.CultureInvariant)]
    private static partial Regex MistralNemo { get; }

    [GeneratedRegex(Gpt4OPattern, RegexOptions.CultureInvariant)]
    private static partial Regex Gpt4O { get; }

    [GeneratedRegex(UpToThreeDigitsPattern, RegexOptions.CultureInvariant)]
    private static partial Regex UpToThreeDigits { get; }

    public static bool TryFind(string pattern, [NotNullWhen(true)] out Regex? regex) => Known.TryGetValue(pattern, out regex);

    /// <summary>Whether the pattern matches every character of any text, so that there is nothing between its matches.</summary>
    public static bool TakesAll(Regex regex) => regex != UpToThreeDigits && regex != Digit && regex != Digits;
}
