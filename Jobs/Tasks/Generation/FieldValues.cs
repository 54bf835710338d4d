using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AiPlatform.Jobs.Tasks.Generation;

/// <summary>Reads fields of a request that hold one value; the reader stands on it.</summary>
internal static partial class FieldValues
{
    /// <summary>A name of a function or a schema, as OpenAI has it: 1 to 64 characters of A-Z, a-z, 0-9, '_' and '-'.</summary>
    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z")]
    public static partial Regex Name { get; }

    public static InferenceError? ReadFlag(string name, ref Utf8JsonReader value, out bool? flag)
    {
        flag = value.TokenType == JsonTokenType.True;
        return value.TokenType is JsonTokenType.True or JsonTokenType.False
            ? null : InferenceError.Invalid(name, $"{name} must be true or false.");
    }

    public static InferenceError? ReadWhole(string name, ref Utf8JsonReader value, int least, int most, out int? number)
    {
        number = value.TokenType == JsonTokenType.Number && value.TryGetInt32(out var whole) && whole >= least && whole <= most
            ? whole : null;
        return number is not null ? null : InferenceError.Invalid(
            name, string.Create(CultureInfo.InvariantCulture, $"{name} must be an integer from {least} to {most}."));
    }

    public static InferenceError? ReadNumber(string name, ref Utf8JsonReader value, double least, double most, out double? number)
    {
        number = value.TokenType == JsonTokenType.Number && value.TryGetDouble(out var found) && found >= least && found <= most
            ? found : null;
        return number is not null ? null : InferenceError.Invalid(
            name, string.Create(CultureInfo.InvariantCulture, $"{name} must be a number from {least} to {most}."));
    }
}
