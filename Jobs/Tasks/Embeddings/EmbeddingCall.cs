using AiPlatform.Jobs.Catalog;

namespace AiPlatform.Jobs.Tasks.Embeddings;

/// <summary>A valid body of <c>/v1/embeddings</c>, without its inputs (see <see cref="EmbeddingContent"/>).</summary>
/// <param name="Model">The model's name, not yet looked up.</param>
/// <param name="Rows">Inputs, 1 to 2,048.</param>
/// <param name="IsSingle">Whether <c>input</c> was one value and not a list of inputs: how errors name it.</param>
/// <param name="Format">The form of the vectors in the answer.</param>
/// <param name="Dimensions">Length to which vectors are cut, 1 or more; null for the model's own length.</param>
/// <param name="Truncate">Whether an input over the model's limit is cut instead of refused.</param>
public sealed record EmbeddingCall(string Model, int Rows, bool IsSingle, EmbeddingFormat Format, int? Dimensions, bool Truncate)
    : TaskCall(Model)
{
    /// <summary><c>input</c> or <c>input[3]</c>.</summary>
    public string NameOf(int row) => IsSingle ? "input" : $"input[{row}]";

    public override InferenceError? Check(ModelDescriptor model) => Dimensions > model.Dimensions
        ? InferenceError.Invalid(
            "dimensions",
            $"dimensions is {Dimensions}; the model '{model.Name}' has {model.Dimensions}. Ask for at most {model.Dimensions}.")
        : null;

    public override long ResultBytes(ModelDescriptor model) =>
        (long)Rows * Math.Max(0, Dimensions ?? model.Dimensions ?? 0) * sizeof(float);
}

/// <summary>The form of the vectors in the answer, as the caller chose it.</summary>
public enum EmbeddingFormat : byte
{
    /// <summary>JSON numbers.</summary>
    Float = 0,

    /// <summary>Base64 of little-endian 32-bit floats.</summary>
    Base64 = 1,
}
