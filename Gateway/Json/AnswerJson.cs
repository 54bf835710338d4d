using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Json;

/// <summary>The form of every answer.</summary>
internal static class AnswerJson
{
    /// <summary>
    /// Names in snake case. Quotes and letters of all languages stay as they are: the content type says that it is not HTML.
    /// </summary>
    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        return options;
    }
}
