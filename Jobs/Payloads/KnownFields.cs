using System.Text.Json;

namespace AiPlatform.Jobs.Payloads;

/// <summary>The values of a request's known fields while a parser reads them.</summary>
public interface IFieldValues
{
    KnownFields Known { get; }

    /// <summary>Reads the value that the reader is on. It is not null, and the first value of this field.</summary>
    /// <returns>An error when the value is invalid, else null.</returns>
    InferenceError? ReadValue(string name, ref Utf8JsonReader value);
}

/// <summary>
/// The fields that a parser knows in a request, and the first error of each. A null means the same as a missing field, and a field that
/// occurs twice is an error.
/// </summary>
/// <param name="names">The fields' names. Errors are reported in this order.</param>
/// <param name="unknown">Makes the error for a field of another name; null ignores such fields.</param>
public sealed class KnownFields(string[] names, Func<string, InferenceError>? unknown = null)
{
    private readonly InferenceError?[] _errors = new InferenceError?[names.Length];
    private InferenceError? _unknown;
    private int _seen;

    public InferenceError? FirstError => _unknown ?? Array.Find(_errors, error => error is not null);

    /// <summary>The error of one known field.</summary>
    public InferenceError? this[string name] => _errors[Array.IndexOf(names, name)];

    /// <summary>Notes an error of a known field, unless it has one.</summary>
    public void Note(string name, string message) => Note(InferenceError.Invalid(name, message));

    /// <summary>Notes an error of the known field that it names, unless this field has one.</summary>
    public void Note(InferenceError error) => _errors[Array.IndexOf(names, error.Param)] ??= error;

    /// <summary>Reads a body that must be one JSON object. Errors of single fields are noted.</summary>
    /// <returns>An error when the body is not one JSON object, else null.</returns>
    public static InferenceError? Read<T>(ReadOnlySpan<byte> body, ref T values)
        where T : struct, IFieldValues =>
        RequestJson.ReadObject(
            body, ref values, static (ref Utf8JsonReader reader, ref T values) => values.Known.ReadField(ref reader, ref values));

    /// <summary>Reads one field. The reader is on its name before the call, and at the end of its value after the call.</summary>
    public void ReadField<T>(ref Utf8JsonReader reader, ref T values)
        where T : struct, IFieldValues
    {
        var field = RequestJson.FieldOf(ref reader, names);
        if (field < 0 && unknown is not null) _unknown ??= unknown(reader.GetString()!);
        reader.Read();
        if (field >= 0)
        {
            var value = reader;
            _errors[field] = RequestJson.NoteField(ref _seen, field, names[field])
                ?? (value.TokenType == JsonTokenType.Null ? null : values.ReadValue(names[field], ref value));
        }

        reader.Skip();
    }
}
