using System.Text.Json;
using AiPlatform.Grammars.Masks;

namespace AiPlatform.Tests.Grammars;

/// <summary>Vocabularies for tests of grammars.</summary>
internal static class Vocabularies
{
    /// <summary>The token that ends a text of <see cref="Bytes"/>.</summary>
    public const int End = 256;

    private static readonly Lazy<Vocabulary> Smollm = new(LoadSmollm);

    /// <summary>Each byte is a token.</summary>
    public static Vocabulary Bytes { get; } = new([.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }), null], [End]);

    /// <summary>The 49,152 tokens of SmolLM2.</summary>
    public static Vocabulary Smollm2 => Smollm.Value;

    private static Vocabulary LoadSmollm()
    {
        var file = Path.Combine(Checkout.Root, "models", "smollm2-135m-instruct", "tokenizer.json");
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        var tokens = new byte[]?[document.RootElement.GetProperty("model").GetProperty("vocab").EnumerateObject().Count()];
        Dictionary<char, byte> bytes = [];
        var next = '\u0100';
        for (var one = 0; one < 256; one++)
            bytes[one is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)one : next++] = (byte)one;
        foreach (var token in document.RootElement.GetProperty("model").GetProperty("vocab").EnumerateObject())
            tokens[token.Value.GetInt32()] = [.. token.Name.Select(c => bytes.GetValueOrDefault(c, (byte)' '))];
        foreach (var added in document.RootElement.GetProperty("added_tokens").EnumerateArray())
            tokens[added.GetProperty("id").GetInt32()] = null;
        return new Vocabulary(tokens, [2]);
    }
}
