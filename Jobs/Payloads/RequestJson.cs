using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace AiPlatform.Jobs.Payloads;

/// <summary>Reads requests' JSON token by token. Invalid bytes result in an error value, never in an exception.</summary>
public static class RequestJson
{
    /// <summary>How deep arrays and objects may be nested.</summary>
    public const int MaxDepth = 64;

    private const int LongestFieldName = 64;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };
    private static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = int.MaxValue };

    /// <summary>Reads one field. The reader is on its name before the call, and must be at the end of its value after the call.</summary>
    public delegate void ReadField<T>(ref Utf8JsonReader reader, ref T fields);

    /// <summary>Reads a body that must be one JSON object, field by field.</summary>
    /// <returns>An error when the body is not one JSON object, else null.</returns>
    public static InferenceError? ReadObject<T>(ReadOnlySpan<byte> body, ref T fields, ReadField<T> readField)
    {
        if (body.IsEmpty) return InferenceError.Invalid(null, "The request has no body; send a JSON object.");
        if (!Utf8.IsValid(body)) return InferenceError.Invalid(null, "The body is not valid UTF-8.");

        try
        {
            var reader = new Utf8JsonReader(body, Options);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject) return InferenceError.Invalid(null, "The body must be a JSON object.");

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) readField(ref reader, ref fields);
            // Throws when something follows the object.
            reader.Read();
            return null;
        }
        catch (JsonException malformed)
        {
            var depth = DepthOf(body);
            return InferenceError.Invalid(
                null,
                depth > MaxDepth
                    ? $"The body's arrays and objects are nested {depth} deep; the limit is {MaxDepth}."
                    : $"The body is not valid JSON: see line {malformed.LineNumber + 1}, byte {malformed.BytePositionInLine + 1}.");
        }
        catch (InvalidOperationException)
        {
            // The reader throws this when it compares a text that has half of a surrogate pair.
            return CheckText(body) ?? InferenceError.Invalid(null, "The body has a string that is not valid Unicode.");
        }
    }

    /// <summary>Checks that all strings of a body that is otherwise valid are valid Unicode; null when they are.</summary>
    /// <param name="body">A body that <see cref="ReadObject"/> accepted, at least up to such a string.</param>
    public static InferenceError? CheckText(ReadOnlySpan<byte> body)
    {
        if (JsonUnicode.HalfPairAt(body) is not (>= 0 and var at)) return null;
        return FieldAt(body, at) is { } field ? HalfPair(field) : HalfPair($"The body (at byte {at + 1})") with { Param = null };
    }

    /// <summary>The error for a value that <see cref="TryReadText"/> refused: it is no string, or has half of a surrogate pair.</summary>
    /// <param name="value">The value.</param>
    /// <param name="field">Its name.</param>
    /// <param name="rule">What it must be, for a value that is no string.</param>
    public static InferenceError NotText(ref Utf8JsonReader value, string field, string rule) =>
        value.TokenType == JsonTokenType.String ? HalfPair(field) : InferenceError.Invalid(field, rule);

    private static InferenceError HalfPair(string field) => InferenceError.Invalid(
        field, $"{field} has half of a surrogate pair, which is not valid Unicode: escape whole characters.");

    /// <summary>
    /// Notes a known field. A field that occurs twice is refused on every route and in both processes: readers of JSON disagree about which
    /// of the two counts, and a body is read by more than one reader.
    /// </summary>
    /// <param name="seen">One bit for each field that occurred.</param>
    /// <param name="field">Its index.</param>
    /// <param name="name">Its name in an error.</param>
    public static InferenceError? NoteField(ref int seen, int field, string name)
    {
        var isThere = (seen & (1 << field)) != 0;
        seen |= 1 << field;
        return isThere ? InferenceError.Invalid(name, $"{name} occurs twice: give it once.") : null;
    }

    /// <summary>
    /// The first <c>model</c> of a body, which is not read beyond it; null when there is none, or the body is invalid before it. The later
    /// validation finds out what is wrong.
    /// </summary>
    public static string? ModelOf(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, Options);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isModel = reader.ValueTextEquals("model"u8);
                reader.Read();
                if (isModel) return TryReadText(ref reader, out var model) ? model : null;
                reader.Skip();
            }

            return null;
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The outermost field in whose value a byte is; null for a byte of its name, and where the name is no usual one.</summary>
    private static string? FieldAt(ReadOnlySpan<byte> body, int at)
    {
        var reader = new Utf8JsonReader(body, Options);
        string? field = null;
        while (reader.Read())
        {
            var isField = reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1;
            if (reader.BytesConsumed > at) return isField ? null : field;
            if (isField) field = reader.GetString() is { Length: <= LongestFieldName } name && name.All(IsOfFieldName) ? name : null;
        }

        return null;
    }

    private static bool IsOfFieldName(char one) => char.IsAsciiLetterOrDigit(one) || one is '_' or '-' or '.';

    /// <summary>How deep arrays and objects are nested, up to the place where the body is not valid JSON.</summary>
    private static int DepthOf(ReadOnlySpan<byte> body)
    {
        var depth = 0;
        try
        {
            var reader = new Utf8JsonReader(body, AnyDepth);
            while (reader.Read())
            {
                var isStart = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
                if (isStart) depth = Math.Max(depth, reader.CurrentDepth + 1);
            }
        }
        catch (JsonException)
        {
            // An error behind this place was not what stopped the first reader.
        }

        return depth;
    }

    /// <summary>The index of the field whose name the reader is on; -1 for any other name.</summary>
    public static int FieldOf(ref Utf8JsonReader reader, string[] names)
    {
        for (var i = 0; i < names.Length; i++)
            if (reader.ValueTextEquals(names[i])) return i;
        return -1;
    }

    /// <summary>Reads the value of <c>model</c>.</summary>
    /// <returns>An error when it is not a valid name, else null.</returns>
    public static InferenceError? ReadModel(ref Utf8JsonReader value, out string? model)
    {
        const string Rule = "model must be a string that names a model.";
        if (!TryReadText(ref value, out model)) return NotText(ref value, "model", Rule);
        return model.Length > 0 ? null : InferenceError.Invalid("model", Rule);
    }

    /// <summary>Reads true, false, or null, which counts as false.</summary>
    /// <returns>An error when it is something else, else null.</returns>
    public static InferenceError? ReadBoolean(string name, ref Utf8JsonReader value, out bool isTrue)
    {
        isTrue = value.TokenType == JsonTokenType.True;
        return value.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null
            ? null : InferenceError.Invalid(name, $"{name} must be true or false.");
    }

    /// <summary>Reads an integer of 1 or more.</summary>
    /// <returns>An error when it is something else, else null.</returns>
    public static InferenceError? ReadCount(string name, ref Utf8JsonReader value, out int? count)
    {
        count = TryReadWhole(ref value, out var read) && read >= 1 ? read : null;
        return count is null ? InferenceError.Invalid(name, $"{name} must be an integer, 1 or more.") : null;
    }

    /// <summary>
    /// Whether the value is a whole number that fits, in any spelling: to JSON, and to those who write it, <c>100</c>, <c>100.0</c> and
    /// <c>1e2</c> are one number.
    /// </summary>
    public static bool TryReadWhole(ref Utf8JsonReader value, out int whole)
    {
        whole = 0;
        if (value.TokenType != JsonTokenType.Number) return false;
        if (value.TryGetInt32(out whole)) return true;
        if (!value.TryGetDecimal(out var number) || !decimal.IsInteger(number) || number is < int.MinValue or > int.MaxValue) return false;

        whole = (int)number;
        return true;
    }

    /// <summary>False when the value is not a string, or not valid Unicode.</summary>
    public static bool TryReadText(ref Utf8JsonReader reader, [NotNullWhen(true)] out string? text)
    {
        text = IsText(ref reader) ? reader.GetString() : null;
        return text is not null;
    }

    /// <summary>Whether the value is a string of valid Unicode, without creating the string.</summary>
    public static bool IsText(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String) return false;
        // The body's UTF-8 has been checked; only escapes can still be wrong.
        if (!reader.ValueIsEscaped) return true;

        var unescaped = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
        try
        {
            reader.CopyString(unescaped);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(unescaped);
        }
    }
}
