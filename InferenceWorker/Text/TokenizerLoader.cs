using System.Text.Json;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Text.WordPiece;

namespace AiPlatform.InferenceWorker.Text;

/// <summary>
/// Builds a tokenizer from a <c>tokenizer.json</c> of Hugging Face <c>tokenizers</c>, from the file's own fields.
/// Unknown parts are refused, because ignoring a part could silently change the ids.
/// <para>
/// Two sections are left aside on purpose. <c>padding</c> and <c>truncation</c> are how the publisher last called the tokenizer:
/// sentence-transformers overrides both, and here the model's manifest (<c>max_tokens</c>) and the batch rule.
/// </para>
/// </summary>
internal static class TokenizerLoader
{
    private const string KnownVersion = "1.0";

    /// <summary>The largest vocabularies take some 40 MB.</summary>
    private const long MostBytes = 256 << 20;

    private static readonly Dictionary<string, Func<TokenizerField, ITokenizer>> ReadersByModelType = new()
    {
        [WordPieceReader.ModelType] = WordPieceReader.Read,
    };

    private static readonly JsonDocumentOptions JsonOptions = new() { AllowDuplicateProperties = false };

    /// <summary>Loads the tokenizer file at <paramref name="path"/>; <c>model.type</c> says which kind it is.</summary>
    /// <exception cref="TokenizerFormatException">The file is missing, broken, or has unknown parts.</exception>
    public static ITokenizer Load(string path) => Read(path, ReadByType);

    /// <summary>Opens the tokenizer file at <paramref name="path"/> and reads it.</summary>
    /// <exception cref="TokenizerFormatException">The file is missing, broken, or has unknown parts.</exception>
    public static T Read<T>(string path, Func<TokenizerField, T> read)
    {
        try
        {
            long size = ModelFilePath.LengthOf(path);
            if (size > MostBytes) throw new TokenizerFormatException($"Tokenizer file '{path}' has {size} bytes; the most is {MostBytes}.");
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path), JsonOptions);
            var file = new TokenizerField(path, "", document.RootElement);
            file.AllowOnly(
                "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model");
            file.Required("version").MustBe(KnownVersion);
            return read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TokenizerFormatException($"Tokenizer file '{path}' cannot be read: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new TokenizerFormatException($"Tokenizer file '{path}' is not valid JSON (cut short?): {e.Message}", e);
        }
        catch (InvalidOperationException e) // how System.Text.Json reports half a surrogate pair or broken UTF-8, wherever it is read
        {
            throw new TokenizerFormatException($"Tokenizer file '{path}' holds a string that is not valid Unicode: {e.Message}", e);
        }
    }

    private static ITokenizer ReadByType(TokenizerField file)
    {
        TokenizerField type = file.Required("model").Required("type");
        if (!ReadersByModelType.TryGetValue(type.Text(), out Func<TokenizerField, ITokenizer>? read))
            throw type.Refuse($"is {type.Shown}; known are {string.Join(", ", ReadersByModelType.Keys)}");
        return read(file);
    }
}
