using System.Globalization;
using System.Text;

namespace AiPlatform.Grammars.Terminals;

/// <summary>
/// Writes strings as JSON in the one form that grammars use: escaped is only what must be, in the short form if there is one.
/// </summary>
internal static class JsonText
{
    /// <summary>The text in quotation marks.</summary>
    public static string Quoted(string text)
    {
        var written = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' or '\\' => written.Append('\\').Append(c),
                '\b' => written.Append("\\b"),
                '\t' => written.Append("\\t"),
                '\n' => written.Append("\\n"),
                '\f' => written.Append("\\f"),
                '\r' => written.Append("\\r"),
                < ' ' => written.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => written.Append(c),
            };
        }

        return written.Append('"').ToString();
    }
}
