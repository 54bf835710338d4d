using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.InferenceWorker.Files;

/// <summary>Reads the JSON files of a model. They may be of any size and contain anything.</summary>
internal static class JsonFile
{
    private const long UsualMost = 1024 * 1024;

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <param name="path">Its full path.</param>
    /// <param name="file">Its name with its folder, for messages.</param>
    /// <param name="mostBytes">A larger file is refused before it is read.</param>
    /// <exception cref="ModelProblemException">It cannot be read, or is no valid JSON. The inner exception says which.</exception>
    public static JsonDocument Read(string path, string file, long mostBytes = UsualMost)
    {
        try
        {
            RequireContent(path, file, mostBytes);
            var json = File.ReadAllBytes(path);
            // The text is parsed first, because a truncated text is not JSON, whatever it contains.
            var document = JsonDocument.Parse(json, Options);
            return JsonUnicode.IsValid(json) ? document : throw new InvalidOperationException();
        }
        catch (InvalidOperationException half)
        {
            // Comparing names that have half of a surrogate pair throws this, too.
            throw new ModelProblemException($"{file}: has text that is not valid Unicode.", half);
        }
        catch (JsonException broken)
        {
            throw new ModelProblemException(
                $"{file}: not valid JSON, see line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}. It may be cut short.",
                broken);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw ModelProblemException.Unreadable(file, unreadable);
        }
    }

    private static void RequireContent(string path, string file, long mostBytes)
    {
        if (Directory.Exists(path)) throw new UnauthorizedAccessException();
        var bytes = ModelFilePath.LengthOf(path);
        if (bytes > mostBytes)
            throw new ModelProblemException($"{file}: the file has more than {mostBytes} bytes; it is not what the name says.");
        if (bytes == 0) throw new ModelProblemException($"{file}: not valid JSON: it is empty, or no regular file.");
    }
}
