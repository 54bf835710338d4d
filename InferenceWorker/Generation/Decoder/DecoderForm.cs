using AiPlatform.InferenceWorker.Files;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>The properties in which the graphs of decoders differ.</summary>
/// <param name="Cache">The type of keys and values: fp32 or fp16.</param>
/// <param name="Logits">The type of logits: fp32 or fp16.</param>
/// <param name="TakesPositions">Whether it has an input for position ids.</param>
internal sealed record DecoderForm(TensorElementType Cache, TensorElementType Logits, bool TakesPositions)
{
    private const string Reason = "The engine runs decoders as onnxruntime-genai's model builder writes them";

    /// <summary>Compares the graph with its configuration.</summary>
    /// <exception cref="ModelProblemException">An input or output is missing, unknown or of another type.</exception>
    public static DecoderForm Of(InferenceSession session, DecoderConfig config, string file)
    {
        var (inputs, outputs, names) = (session.InputMetadata, session.OutputMetadata, config.Names);
        HashSet<string> known = [names.InputIds, names.AttentionMask, names.PositionIds];
        Tensor(inputs, "input", names.InputIds, [TensorElementType.Int64], 2, file);
        Tensor(inputs, "input", names.AttentionMask, [TensorElementType.Int64], 2, file);
        var takesPositions = inputs.ContainsKey(names.PositionIds);
        if (takesPositions) Tensor(inputs, "input", names.PositionIds, [TensorElementType.Int64], 2, file);

        TensorElementType? cache = null;
        for (var layer = 0; layer < config.Layers; layer++)
        {
            foreach (var (past, present) in ((string, string)[])[(names.PastKey, names.PresentKey), (names.PastValue, names.PresentValue)])
            {
                var (input, output) = (DecoderNames.Of(past, layer), DecoderNames.Of(present, layer));
                TensorElementType[] types = cache is { } one ? [one] : [TensorElementType.Float, TensorElementType.Float16];
                cache = CacheTensor(inputs, "input", input, types, config, file);
                CacheTensor(outputs, "output", output, [cache.Value], config, file);
                known.Add(input);
            }
        }

        var logits = Tensor(outputs, "output", names.Logits, [TensorElementType.Float, TensorElementType.Float16], 3, file);
        if (logits.Dimensions[2] is var size and > 0 && size < config.VocabularySize)
        {
            throw new ModelProblemException(
                $"{file}: its output '{names.Logits}' has {size} numbers a token; 'model.vocab_size' in {DecoderConfigReader.FileName} "
                + $"says {config.VocabularySize}.");
        }

        if (inputs.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            throw new ModelProblemException(
                $"{file}: its input '{unknown}' is not known. {Reason}, with {names.InputIds}, {names.AttentionMask}, "
                + $"{names.PositionIds} and {config.Layers} layers of {names.PastKey} and {names.PastValue}.");
        }

        return new DecoderForm(cache!.Value, logits.ElementDataType, takesPositions);
    }

    private static TensorElementType CacheTensor(
        IReadOnlyDictionary<string, NodeMetadata> all, string kind, string name, TensorElementType[] types, DecoderConfig config,
        string file)
    {
        var tensor = Tensor(all, kind, name, types, 4, file);
        if (tensor.Dimensions[1] is var heads and > 0 && heads != config.KeyValueHeads)
            throw Other(heads, "heads", "num_key_value_heads", config.KeyValueHeads);
        if (tensor.Dimensions[3] is var size and > 0 && size != config.HeadSize)
            throw Other(size, "numbers a head", "head_size", config.HeadSize);
        return tensor.ElementDataType;

        ModelProblemException Other(int found, string what, string field, int said) => new(
            $"{file}: its {kind} '{name}' has {found} {what}; 'model.decoder.{field}' in {DecoderConfigReader.FileName} says {said}.");
    }

    private static NodeMetadata Tensor(
        IReadOnlyDictionary<string, NodeMetadata> all, string kind, string name, TensorElementType[] types, int rank, string file)
    {
        if (!all.TryGetValue(name, out var tensor))
        {
            throw new ModelProblemException(
                $"{file}: it has no {kind} '{name}', which {DecoderConfigReader.FileName} names. {Reason}. It has: "
                + $"{string.Join(", ", all.Keys.Take(8))}{(all.Count > 8 ? ", …" : "")}.");
        }

        if (!tensor.IsTensor || !types.Contains(tensor.ElementDataType) || tensor.Dimensions.Length != rank)
        {
            var form = tensor.IsTensor ? $"{tensor.ElementDataType} of {tensor.Dimensions.Length} dimensions" : "no tensor";
            throw new ModelProblemException(
                $"{file}: its {kind} '{name}' is {form}; it must be {string.Join(" or ", types)} of {rank} dimensions.");
        }

        return tensor;
    }
}
