using System.Text.Json;

namespace AiPlatform.InferenceWorker.Text;

/// <summary>One value of a tokenizer file with its place, so that an error can name file, field and value.</summary>
internal readonly struct TokenizerField(string file, string path, JsonElement value)
{
    private const int LongestShownValue = 80;

    /// <summary>The path of the value, e.g. <c>normalizer.type</c>.</summary>
    public string Path => path.Length == 0 ? "(root)" : path;

    public bool IsNull => value.ValueKind is JsonValueKind.Null;

    public bool IsArray => value.ValueKind is JsonValueKind.Array;

    /// <summary>The value as JSON, shortened for a message.</summary>
    public string Shown
    {
        get
        {
            string raw = value.GetRawText();
            return raw.Length <= LongestShownValue ? raw : $"{raw.AsSpan(0, LongestShownValue)}…";
        }
    }

    public TokenizerFormatException Refuse(string problem) => new($"Tokenizer file '{file}': field '{Path}' {problem}.");

    /// <summary>The field of this name, which must exist but may be null.</summary>
    public TokenizerField Required(string name)
    {
        ExpectKind(JsonValueKind.Object, "an object");
        return value.TryGetProperty(name, out JsonElement child) ? At(name, child) : throw At(name, default).Refuse("is missing");
    }

    /// <summary>The field of this name; null if it is absent or null.</summary>
    public TokenizerField? Optional(string name)
    {
        ExpectKind(JsonValueKind.Object, "an object");
        return value.TryGetProperty(name, out JsonElement child) && child.ValueKind is not JsonValueKind.Null ? At(name, child) : null;
    }

    /// <summary>Refuses an object with any other fields.</summary>
    public void AllowOnly(params ReadOnlySpan<string> names)
    {
        ExpectKind(JsonValueKind.Object, "an object");
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (names.Contains(property.Name))
                continue;
            TokenizerField unknown = At(property.Name, property.Value);
            throw unknown.Refuse($"is not known (value {unknown.Shown})");
        }
    }

    public void MustBe(string expected)
    {
        if (value.ValueKind is not JsonValueKind.String || Text() != expected)
            throw Refuse($"is {Shown}; only \"{expected}\" is known");
    }

    public void MustBe(bool expected)
    {
        if (Flag() != expected)
            throw Refuse($"is {Shown}; only {(expected ? "true" : "false")} is known");
    }

    public string Text()
    {
        ExpectKind(JsonValueKind.String, "a string");
        return value.GetString()!; // not null: the kind is String
    }

    public bool Flag() => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Refuse($"is {Shown}; expected true or false"),
    };

    public int Number(int least, int most)
    {
        if (value.ValueKind is not JsonValueKind.Number || !value.TryGetInt32(out int number) || number < least || number > most)
            throw Refuse($"is {Shown}; expected a whole number from {least} to {most}");
        return number;
    }

    public List<TokenizerField> Items()
    {
        ExpectKind(JsonValueKind.Array, "an array");
        var items = new List<TokenizerField>(value.GetArrayLength());
        foreach (JsonElement item in value.EnumerateArray())
            items.Add(new TokenizerField(file, $"{path}[{items.Count}]", item));
        return items;
    }

    /// <summary>An object of whole numbers, such as a vocabulary.</summary>
    public Dictionary<string, int> Numbers(int most)
    {
        ExpectKind(JsonValueKind.Object, "an object");
        var numbers = new Dictionary<string, int>(value.GetPropertyCount());
        foreach (JsonProperty property in value.EnumerateObject())
        {
            string name = property.Name;
            JsonElement child = property.Value;
            if (child.ValueKind is not JsonValueKind.Number || !child.TryGetInt32(out int number) || number < 0 || number > most)
                number = At(name, child).Number(0, most);
            numbers.Add(name, number);
        }

        return numbers;
    }

    /// <summary>The only field of an object that must have exactly one, such as <c>{"Sequence": …}</c>, and its name.</summary>
    public (string Name, TokenizerField Value) Only()
    {
        ExpectKind(JsonValueKind.Object, "an object");
        JsonElement.ObjectEnumerator properties = value.EnumerateObject();
        if (value.GetPropertyCount() != 1 || !properties.MoveNext())
            throw Refuse($"is {Shown}; expected an object with one field");
        string name = properties.Current.Name;
        return (name, At(name, properties.Current.Value));
    }

    private TokenizerField At(string name, JsonElement child) => new(file, path.Length == 0 ? name : $"{path}.{name}", child);

    private void ExpectKind(JsonValueKind expected, string inWords)
    {
        if (value.ValueKind != expected)
            throw Refuse($"is {Shown}; expected {inWords}");
    }
}
