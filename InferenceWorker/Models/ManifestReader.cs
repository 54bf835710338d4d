using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>Reads a model's manifest. Whatever is missing, unknown or out of range is refused by name.</summary>
internal static class ManifestReader
{
    private const int Sha256Characters = 64;
    private const int MostTokens = 131_072;
    private const int MostBatchTokens = 4_194_304;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private static readonly JsonDocumentOptions JsonOptions = new() { AllowDuplicateProperties = false };

    /// <exception cref="ModelProblemException">The manifest cannot be read, or says something that this version cannot serve.</exception>
    public static ModelManifest Read(string folder)
    {
        var file = $"{Path.GetFileName(folder)}/{ModelManifest.FileName}";
        using var document = Parse(Path.Combine(folder, ModelManifest.FileName), file);
        var manifest = new ManifestField(file, "", document.RootElement);
        manifest.MustBeObject();

        // Before the other fields: a later version's task may have others.
        var task = manifest.Required("task").Text();
        if (task != ModelManifest.EmbeddingTask)
        {
            throw new ModelProblemException(
                $"{file}: task '{task}' is not supported by this version. Supported: {ModelManifest.EmbeddingTask}.");
        }

        manifest.AllowOnly(
            "name", "task", "description", "runtime", "model", "tokenizer", "pooling", "normalize", "dimensions", "max_tokens",
            "max_batch_rows", "max_batch_tokens", "licence", "source", "created", "files");
        manifest.Required("runtime").OneOf(ModelManifest.OnnxRuntime);
        return Read(folder, task, manifest);
    }

    /// <summary>The name that a manifest gives itself, as far as it can be read; else null.</summary>
    public static string? TryReadName(string folder)
    {
        try
        {
            using var document = Parse(Path.Combine(folder, ModelManifest.FileName), folder);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String
                    ? name.GetString()
                    : null;
        }
        catch (ModelProblemException)
        {
            return null;
        }
    }

    private static ModelManifest Read(string folder, string task, ManifestField manifest)
    {
        var files = ReadFiles(manifest.Required("files"));
        var maxTokens = (int)manifest.Required("max_tokens").Whole(1, MostTokens);
        var dimensions = (int)manifest.Required("dimensions").Whole(1, 65_536);
        return new ModelManifest
        {
            Folder = folder,
            Name = ReadName(manifest.Required("name")),
            Task = task,
            Description = manifest.Required("description").Text(),
            Model = Listed(manifest.Required("model"), files),
            Tokenizer = Listed(manifest.Required("tokenizer"), files),
            Pooling = manifest.Required("pooling").OneOf("mean", "cls") == "mean" ? PoolingKind.Mean : PoolingKind.Cls,
            Normalize = manifest.Required("normalize").Flag(),
            Dimensions = dimensions,
            MaxTokens = maxTokens,
            MaxBatchRows = (int)manifest.Required("max_batch_rows").Whole(1, 4_096),
            MaxBatchTokens = ReadMaxBatchTokens(manifest.Required("max_batch_tokens"), maxTokens, dimensions),
            Licence = manifest.Required("licence").Text(),
            Source = manifest.Required("source").Text(),
            Created = manifest.Required("created").Day(),
            Files = files,
        };
    }

    /// <summary>The states of a run's tokens are one array.</summary>
    private static int ReadMaxBatchTokens(ManifestField field, int maxTokens, int dimensions)
    {
        var tokens = field.Whole(maxTokens, MostBatchTokens);
        return tokens * dimensions <= Array.MaxLength
            ? (int)tokens
            : throw field.Refuse(string.Create(
                CultureInfo.InvariantCulture,
                $"is {tokens}; with vectors of {dimensions} dimensions a run can have at most {Array.MaxLength / dimensions} tokens"));
    }

    private static string ReadName(ManifestField field)
    {
        var name = field.Text();
        if (name.Length > QueueName.MaxModelLength) throw field.Refuse($"has {name.Length} characters; at most {QueueName.MaxModelLength}");
        return name.Any(char.IsControl) || name != name.Trim()
            ? throw field.Refuse("must not have control characters or outer blanks")
            : name;
    }

    private static List<ModelFile> ReadFiles(ManifestField field)
    {
        field.MustBeObject();
        List<ModelFile> files = [];
        foreach (var entry in field.Properties())
        {
            entry.MustBeObject();
            entry.AllowOnly("bytes", "sha256", "device");
            var sha256 = entry.Required("sha256");
            if (sha256.Text() is not { Length: Sha256Characters } hash || hash.AsSpan().ContainsAnyExcept(HexDigits))
                throw sha256.Refuse($"must be {Sha256Characters} lower-case hexadecimal digits");

            files.Add(new ModelFile(
                FileNameIn(entry, entry.Path[(field.Path.Length + 1)..]), entry.Required("bytes").Whole(1, long.MaxValue), hash,
                entry.Required("device").OneOf(ModelFile.AnyDevice, "cpu", "cuda")));
        }

        return files;
    }

    private static ModelFile Listed(ManifestField field, List<ModelFile> files)
    {
        var name = FileNameIn(field, field.Text());
        return files.Find(file => file.Name == name) ?? throw field.Refuse($"is '{name}', which 'files' does not list");
    }

    /// <summary>A plain name: nothing outside the model's folder is ever opened.</summary>
    private static string FileNameIn(ManifestField field, string name) =>
        name is "" or "." or ".." || name.AsSpan().ContainsAny("/\\:\0")
            ? throw field.Refuse($"names '{name}': it must be a plain file name inside the model's folder")
            : name;

    private static JsonDocument Parse(string path, string file)
    {
        try
        {
            var json = File.ReadAllBytes(path);
            // Reading it comes first: a text that is cut short is no JSON, whatever stands in it.
            var document = JsonDocument.Parse(json, JsonOptions);
            return JsonUnicode.IsValid(json) ? document : throw new InvalidOperationException();
        }
        catch (InvalidOperationException half)
        {
            // What comparing names throws, too, when one has half of a surrogate pair.
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
            throw new ModelProblemException($"{file}: cannot be read: {unreadable.Message}", unreadable);
        }
    }
}
