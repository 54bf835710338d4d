using System.Globalization;
using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Models;

namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>The manifest of an embedding model.</summary>
internal sealed record EmbeddingManifest : EncoderManifest
{
    public EmbeddingManifest(ManifestContent content)
        : base(content)
    {
        Pooling = content.Required("pooling").OneOf("mean", "cls") == "mean" ? PoolingKind.Mean : PoolingKind.Cls;
        Normalize = content.Required("normalize").Flag();
        Dimensions = (int)content.Required("dimensions").Whole(1, 65_536);

        // The states of all tokens of a run are one array.
        if ((long)MaxBatchTokens * Dimensions > Array.MaxLength)
        {
            throw content.Required("max_batch_tokens").Refuse(string.Create(
                CultureInfo.InvariantCulture,
                $"is {MaxBatchTokens}; with vectors of {Dimensions} dimensions a run can have at most "
                + $"{Array.MaxLength / Dimensions} tokens"));
        }
    }

    /// <summary>The names of this class' fields.</summary>
    public static new IReadOnlyList<string> Fields { get; } = ["pooling", "normalize", "dimensions"];

    /// <summary><c>pooling</c>: <c>mean</c> or <c>cls</c>.</summary>
    public PoolingKind Pooling { get; init; }

    /// <summary><c>normalize</c>: whether vectors are normalized to length 1.</summary>
    public bool Normalize { get; init; }

    /// <summary><c>dimensions</c>: length of its vectors, 1 to 65,536.</summary>
    public int Dimensions { get; init; }

    public override EncoderOutput Output => new("last_hidden_state", IsPerToken: true, Dimensions, "Float [rows, tokens, dimensions]");

    public override string OtherSize(long size) => string.Create(
        CultureInfo.InvariantCulture, $"its vectors have {size} dimensions; 'dimensions' in {FileName} says {Dimensions}");
}
