using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Jobs;

/// <summary>Validates <c>metadata</c>: pairs of strings that the caller gets back.</summary>
internal static class JobMetadata
{
    public const int MaxPairs = 16;
    public const int MaxKeyLength = 64;
    public const int MaxValueLength = 512;

    /// <summary>Reads the value that the reader is on. The reader's position afterwards is undefined.</summary>
    public static InferenceError? Read(ref Utf8JsonReader reader, out Dictionary<string, string> pairs)
    {
        pairs = [];
        if (reader.TokenType != JsonTokenType.StartObject)
            return InferenceError.Invalid("metadata", "metadata must be an object of strings.");

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            if (JsonUnicode.LengthOf(key) is var keyLength and (0 or > MaxKeyLength))
                return InferenceError.Invalid("metadata", $"metadata has a key of {keyLength} characters; give 1 to {MaxKeyLength}.");

            reader.Read();
            if (!RequestJson.TryReadText(ref reader, out var value))
                return RequestJson.NotText(ref reader, $"metadata.{key}", $"metadata.{key} must be a string.");
            if (JsonUnicode.LengthOf(value) is var length and > MaxValueLength)
                return InferenceError.Invalid($"metadata.{key}", $"metadata.{key} has {length} characters; give at most {MaxValueLength}.");

            if (!pairs.TryAdd(key, value))
                return InferenceError.Invalid($"metadata.{key}", $"metadata.{key} occurs twice: give it once.");
            if (pairs.Count > MaxPairs) return InferenceError.Invalid("metadata", $"metadata has more than {MaxPairs} pairs.");
        }

        return null;
    }
}
