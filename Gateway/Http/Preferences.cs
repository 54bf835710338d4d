using Microsoft.OpenApi;

namespace AiPlatform.Gateway.Http;

/// <summary>The <c>Prefer</c> header of RFC 7240.</summary>
internal static class Preferences
{
    public const string Header = "Prefer";
    public const string RespondAsync = "respond-async";

    /// <summary>The description of the header; unknown preferences are ignored.</summary>
    public static OpenApiSchema Schema { get; } = new() { Type = JsonSchemaType.String, Examples = [RespondAsync] };

    /// <summary>Whether the caller prefers a job to waiting.</summary>
    public static bool WantsJob(string? header) => !string.IsNullOrEmpty(header)
        && Names(header).Contains(RespondAsync, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The names of preferences without a value (<c>name=""</c> means the same), in <c>name[=value][; parameter…], …</c>.
    /// </summary>
    private static IEnumerable<string> Names(string header)
    {
        var start = 0;
        while (start < header.Length)
        {
            var end = EndOf(header, start, ',');
            var preference = header[start..EndOf(header, start, ';', end)].Split('=', 2, StringSplitOptions.TrimEntries);
            if (preference.Length == 1 || preference[1] is "" or "\"\"") yield return preference[0];
            start = end + 1;
        }
    }

    /// <summary>The index of the separator outside quoted strings, or the limit.</summary>
    private static int EndOf(string text, int start, char separator, int limit = int.MaxValue)
    {
        var quoted = false;
        var i = start;
        for (; i < Math.Min(text.Length, limit); i++)
        {
            if (quoted && text[i] == '\\') i++;
            else if (text[i] == '"') quoted = !quoted;
            else if (text[i] == separator && !quoted) break;
        }

        return Math.Min(i, Math.Min(text.Length, limit));
    }
}
