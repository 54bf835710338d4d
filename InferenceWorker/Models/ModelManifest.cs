namespace AiPlatform.InferenceWorker.Models;

/// <summary>What <c>models/FOLDER/model.json</c> says of an embedding model. Every field is required, others are refused.</summary>
internal sealed record ModelManifest
{
    public const string FileName = "model.json";
    public const string EmbeddingTask = "embedding";
    public const string OnnxRuntime = "onnxruntime";

    /// <summary>Full path of the model's folder.</summary>
    public required string Folder { get; init; }

    /// <summary><c>name</c>: what requests call it, 1 to 128 characters.</summary>
    public required string Name { get; init; }

    /// <summary><c>task</c>: <c>embedding</c>.</summary>
    public required string Task { get; init; }

    /// <summary><c>description</c>: one line for people.</summary>
    public required string Description { get; init; }

    /// <summary><c>model</c>: the ONNX file; one of <see cref="Files"/>.</summary>
    public required ModelFile Model { get; init; }

    /// <summary><c>tokenizer</c>: the <c>tokenizer.json</c>; one of <see cref="Files"/>.</summary>
    public required ModelFile Tokenizer { get; init; }

    /// <summary><c>pooling</c>: <c>mean</c> or <c>cls</c>.</summary>
    public required PoolingKind Pooling { get; init; }

    /// <summary><c>normalize</c>: whether vectors are brought to length 1.</summary>
    public required bool Normalize { get; init; }

    /// <summary><c>dimensions</c>: length of its vectors, 1 to 65,536.</summary>
    public required int Dimensions { get; init; }

    /// <summary><c>max_tokens</c>: most tokens of one input, special tokens included, 1 to 131,072.</summary>
    public required int MaxTokens { get; init; }

    /// <summary><c>max_batch_rows</c>: most inputs in one run, 1 to 4,096.</summary>
    public required int MaxBatchRows { get; init; }

    /// <summary><c>max_batch_tokens</c>: most tokens in one run, padding included; <see cref="MaxTokens"/> to 4,194,304.</summary>
    public required int MaxBatchTokens { get; init; }

    /// <summary><c>licence</c>: an SPDX expression.</summary>
    public required string Licence { get; init; }

    /// <summary><c>source</c>: where it comes from, <c>OWNER/…</c>.</summary>
    public required string Source { get; init; }

    /// <summary><c>created</c>: the day it was published, <c>yyyy-MM-dd</c>.</summary>
    public required DateOnly Created { get; init; }

    /// <summary><c>files</c>: every file that is loaded, by name: <c>{"bytes": 1, "sha256": "…", "device": "any|cpu|cuda"}</c>.</summary>
    public required IReadOnlyList<ModelFile> Files { get; init; }

    public string PathOf(ModelFile file) => System.IO.Path.Combine(Folder, file.Name);
}
