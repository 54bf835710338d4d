using System.Text.Json;
using AiPlatform.InferenceWorker.Text;

namespace AiPlatform.Tests.InferenceWorker.Text;

/// <summary>The shipped embedding model's tokenizer and the reference values (see Reference/tokenizer/README.md).</summary>
internal static class TokenizerReference
{
    public const int Cls = 101;
    public const int Sep = 102;
    public const int Unknown = 100;

    private static readonly Lazy<ITokenizer> Shared = new(() => TokenizerLoader.Load(MiniLmPath));

    public static string MiniLmPath => PathOf("all-minilm-l6-v2.tokenizer.json");

    public static ITokenizer MiniLm => Shared.Value;

    public static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "Reference", "tokenizer", file);

    public static IEnumerable<JsonElement> Lines(string file)
    {
        foreach (string line in File.ReadLines(PathOf(file)))
            yield return JsonElement.Parse(line);
    }

    public static string Text(JsonElement line) => line.GetProperty("text").GetString()!;

    public static int[] Ids(JsonElement line, string name) => line.GetProperty(name).Deserialize<int[]>()!;

    /// <summary>Describes a difference, or nothing where there is none.</summary>
    public static string? Difference(string text, int[] expected, int[] actual) => actual.SequenceEqual(expected)
        ? null
        : $"{JsonSerializer.Serialize(text)}: expected [{string.Join(',', expected)}], got [{string.Join(',', actual)}]";
}
