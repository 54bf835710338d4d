using System.Globalization;
using System.Text.Json;

namespace AiPlatform.InferenceWorker.Files;

/// <summary>A value in a manifest with its place, so that every error can name it.</summary>
/// <param name="File">Folder and file, as messages name them.</param>
/// <param name="Path">The field's path, such as <c>files.model.onnx.sha256</c>; empty for the whole.</param>
/// <param name="Value">The value.</param>
internal readonly record struct ManifestField(string File, string Path, JsonElement Value)
{
    public ManifestField Required(string name)
    {
        if (!Value.TryGetProperty(name, out var value))
            throw new ModelProblemException($"{File}: the field '{Below(name)}' is missing.");
        return this with { Path = Below(name), Value = value };
    }

    /// <summary>Null where it is missing or null, and where this is no object.</summary>
    public ManifestField? Optional(string name) =>
        Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? Required(name) : null;

    public void MustBeObject()
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Refuse("must be a JSON object");
    }

    public void AllowOnly(params ReadOnlySpan<string> names)
    {
        foreach (var property in Value.EnumerateObject())
        {
            if (!names.Contains(property.Name))
            {
                throw new ModelProblemException(
                    $"{File}: the field '{Below(property.Name)}' is not known. Known are: {string.Join(", ", names!)}.");
            }
        }
    }

    public IEnumerable<ManifestField> Properties()
    {
        foreach (var property in Value.EnumerateObject())
            yield return this with { Path = Below(property.Name), Value = property.Value };
    }

    public IEnumerable<ManifestField> Items()
    {
        if (Value.ValueKind != JsonValueKind.Array) throw Refuse("must be an array");
        return ItemsOf(this);

        static IEnumerable<ManifestField> ItemsOf(ManifestField field)
        {
            var index = 0;
            foreach (var item in field.Value.EnumerateArray()) yield return field with { Path = $"{field.Path}[{index++}]", Value = item };
        }
    }

    public string Text()
    {
        if (Value.ValueKind != JsonValueKind.String) throw Refuse("must be a string");
        return Value.GetString() is { } text && !string.IsNullOrWhiteSpace(text) ? text : throw Refuse("must not be empty");
    }

    public string OneOf(params ReadOnlySpan<string> values)
    {
        var text = Text();
        return values.Contains(text) ? text : throw Refuse(
            $"is '{text}', which this version does not support. Supported: {string.Join(", ", values!)}");
    }

    public bool Flag() => Value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? Value.GetBoolean()
        : throw Refuse("must be true or false");

    public long Whole(long least, long most)
    {
        if (Value.ValueKind != JsonValueKind.Number || !Value.TryGetInt64(out var number)) throw Refuse("must be a whole number");
        return number >= least && number <= most
            ? number
            : throw Refuse(string.Create(CultureInfo.InvariantCulture, $"is {number}; it must be {least} to {most}"));
    }

    public DateOnly Day() => DateOnly.TryParseExact(Text(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
        ? day
        : throw Refuse("must be a day written yyyy-MM-dd");

    /// <summary>Checks that a name is a plain file name, so that nothing outside the model's folder is ever opened.</summary>
    public string FileName(string name) => name is "" or "." or ".." || name.AsSpan().ContainsAny("/\\:\0")
        ? throw Refuse($"names '{name}': it must be a plain file name inside the model's folder")
        : name;

    public ModelProblemException Refuse(string what) =>
        new(Path.Length == 0 ? $"{File}: the content {what}." : $"{File}: the field '{Path}' {what}.");

    private string Below(string name) => Path.Length == 0 ? name : $"{Path}.{name}";
}
