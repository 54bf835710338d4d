using System.Text;
using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.StructuredOutput;

/// <summary>The check of <c>response_format</c> <c>json_object</c>: the answer must be one JSON object.</summary>
internal sealed class JsonObjectCheck : IAnswerCheck
{
    public static readonly JsonObjectCheck Instance = new();

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 128 };

    /// <summary>How many characters one step reads.</summary>
    private const int JsonPerStep = 4;

    private JsonObjectCheck()
    {
    }

    public string Form => "a JSON object";

    public IReadOnlyList<SchemaViolation> Check(string text, StepBudget budget)
    {
        budget.Spend(text.Length / JsonPerStep);
        var json = Encoding.UTF8.GetBytes(text);
        try
        {
            var reader = new Utf8JsonReader(json, Options);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject) return [new SchemaViolation("", "is not a JSON object")];

            reader.Skip();
            // Throws when something follows the object.
            reader.Read();
        }
        catch (JsonException malformed)
        {
            return [new SchemaViolation("", $"is not JSON: see line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1}")];
        }

        return JsonUnicode.IsValid(json) ? [] : [new SchemaViolation("", "has a string that is not valid Unicode")];
    }
}
