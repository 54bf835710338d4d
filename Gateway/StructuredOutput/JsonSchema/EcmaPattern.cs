using System.Text.RegularExpressions;

namespace AiPlatform.Gateway.StructuredOutput.JsonSchema;

/// <summary>
/// Regular expressions of schemas, which are written in ECMAScript's dialect (with its <c>u</c> flag), matched in time that is linear in
/// the text, whatever the pattern.
/// </summary>
internal static class EcmaPattern
{
    private const int MaxLength = 10_000;

    /// <param name="pattern">The pattern. It is not anchored.</param>
    /// <param name="keyword">Where it stands.</param>
    /// <exception cref="SchemaException">It is none, or cannot be matched in linear time: it looks around or refers back.</exception>
    public static Regex Compile(string pattern, Keyword keyword)
    {
        if (pattern.Length > MaxLength) throw keyword.Wrong($"has a pattern of more than {MaxLength} characters");
        try
        {
            return new Regex(new EcmaTranslation(pattern).Translate(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (ArgumentException wrong)
        {
            throw keyword.Wrong($"has the pattern '{pattern}', which is wrong: {wrong.Message}");
        }
        catch (NotSupportedException)
        {
            throw keyword.Wrong(
                $"has the pattern '{pattern}', which cannot be matched in linear time: do without looking around, references back, and large counts");
        }
    }

    /// <summary>Whether a text is a pattern at all, also one that cannot be matched in linear time.</summary>
    public static bool IsPattern(string text)
    {
        try
        {
            _ = new Regex(new EcmaTranslation(text).Translate(), RegexOptions.CultureInvariant);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
