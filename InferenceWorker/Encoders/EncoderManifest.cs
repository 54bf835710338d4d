using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Models;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>The manifest of an encoder, which is an ONNX file that computes rows of tokens, with the limits of its inputs.</summary>
internal abstract record EncoderManifest : ModelManifest, IBatchedModel
{
    private const int MostTokens = 131_072;
    private const int MostBatchTokens = 4_194_304;

    protected EncoderManifest(ManifestContent content)
        : base(content)
    {
        Model = content.File("model");
        Tokenizer = content.File("tokenizer");
        MaxTokens = (int)content.Required("max_tokens").Whole(1, MostTokens);
        MaxBatchRows = (int)content.Required("max_batch_rows").Whole(1, 4_096);
        MaxBatchTokens = (int)content.Required("max_batch_tokens").Whole(MaxTokens, MostBatchTokens);
    }

    /// <summary>The names of the fields that are here.</summary>
    public static new IReadOnlyList<string> Fields { get; } = ["model", "tokenizer", "max_tokens", "max_batch_rows", "max_batch_tokens"];

    /// <summary><c>model</c>: the ONNX file; one of <see cref="ModelManifest.Files"/>.</summary>
    public ModelFile Model { get; init; }

    /// <summary><c>tokenizer</c>: the <c>tokenizer.json</c>; one of <see cref="ModelManifest.Files"/>.</summary>
    public ModelFile Tokenizer { get; init; }

    /// <summary><c>max_tokens</c>: most tokens of one input, special tokens included, 1 to 131,072.</summary>
    public int MaxTokens { get; init; }

    /// <summary><c>max_batch_rows</c>: most inputs in one run, 1 to 4,096.</summary>
    public int MaxBatchRows { get; init; }

    /// <summary><c>max_batch_tokens</c>: most tokens in one run, padding included; <see cref="MaxTokens"/> to 4,194,304.</summary>
    public int MaxBatchTokens { get; init; }

    /// <summary>The output that its file must have.</summary>
    public abstract EncoderOutput Output { get; }

    /// <summary>Whether its inputs may be pairs of texts.</summary>
    public virtual bool TakesPairs => false;

    /// <summary>The error for a file with another number of outputs for each token or row, without a full stop.</summary>
    public abstract string OtherSize(long size);
}

/// <summary>The output that an encoder's file must have.</summary>
/// <param name="Name">The name of the output.</param>
/// <param name="IsPerToken">
/// Whether it has numbers for each token, <c>[rows, tokens, size]</c>, or for each row, <c>[rows, size]</c>.
/// </param>
/// <param name="Size">How many numbers.</param>
/// <param name="Form">Its shape, for messages.</param>
internal sealed record EncoderOutput(string Name, bool IsPerToken, int Size, string Form);
