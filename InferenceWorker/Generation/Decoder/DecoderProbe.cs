using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using AiPlatform.InferenceWorker.Files;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>
/// Runs a decoder before it serves requests. This shows properties that its metadata do not state. It also finds a graph that does not keep
/// its cache in place, before a caller gets wrong text.
/// </summary>
internal sealed class DecoderProbe(
    InferenceSession session, DecoderConfig config, DecoderForm form, string file, bool capturesGraphs = false)
{
    /// <summary>
    /// Least similarity of equal logits. Kernels differ a little with the number of rows; the logits of another text are less similar.
    /// </summary>
    private const float LeastSimilarity = 0.98f;

    private const int Length = 3;

    /// <param name="Stride">Numbers for a token.</param>
    /// <param name="IsPruned">Whether it gives the last token's only.</param>
    internal readonly record struct LogitsForm(int Stride, bool IsPruned);

    private float[] _expected = [];

    private static ReadOnlySpan<int> Tokens => [0, 1, 1];

    /// <summary>Runs three tokens without a past, to find the form of the logits.</summary>
    public LogitsForm Logits()
    {
        using var runOptions = new RunOptions();
        if (capturesGraphs) runOptions.AddRunConfigEntry(CapturedGraphs.Entry, "-1");
        List<string> names = [config.Names.InputIds, config.Names.AttentionMask];
        List<OrtValue> values = [Whole([0, 1, 1]), Whole([1, 1, 1])];
        try
        {
            if (form.TakesPositions)
            {
                names.Add(config.Names.PositionIds);
                values.Add(Whole([0, 1, 2]));
            }

            for (var layer = 0; layer < config.Layers; layer++)
            {
                foreach (var pattern in (string[])[config.Names.PastKey, config.Names.PastValue])
                {
                    names.Add(DecoderNames.Of(pattern, layer));
                    values.Add(OrtValue.CreateAllocatedTensorValue(
                        OrtAllocator.DefaultInstance, form.Cache, [1, config.KeyValueHeads, 0, config.HeadSize]));
                }
            }

            using var results = session.Run(runOptions, names, values, [config.Names.Logits]);
            return FormOf(results[0]);
        }
        catch (OnnxRuntimeException failure)
        {
            throw Fails(failure);
        }
        finally
        {
            foreach (var value in values) value.Dispose();
        }
    }

    /// <summary>
    /// Runs the same tokens with the cache in place: two at once, then one. The logits must equal those of the run without a past.
    /// </summary>
    public void CompareInPlace(OnnxDecoder decoder)
    {
        using var memory = decoder.NewMemory();
        memory.Reshape(1, 2 * Length, []);
        Span<float> found;
        try
        {
            decoder.Prefill(memory, 0, 0, Tokens[..^1]);
            found = decoder.Step(memory, Tokens[^1..], [Length - 1])[..config.VocabularySize];
        }
        catch (OnnxRuntimeException failure)
        {
            throw new ModelProblemException(
                $"{file}: it does not run with past and present keys and values in the same memory, as the engine keeps them: "
                + $"{failure.Message.ReplaceLineEndings(" ")}", failure);
        }

        if (!(TensorPrimitives.CosineSimilarity(found, _expected.AsSpan(0, config.VocabularySize)) >= LeastSimilarity))
        {
            throw new ModelProblemException(
                $"{file}: with past and present keys and values in the same memory, as the engine keeps them, it gives other logits than "
                + "without a past, or none that are finite.");
        }
    }

    private LogitsForm FormOf(OrtValue logits)
    {
        var shape = logits.GetTensorTypeAndShape().Shape;
        if (shape is not [1, 1 or Length, var stride and <= int.MaxValue] || stride < config.VocabularySize)
        {
            throw new ModelProblemException(
                $"{file}: for {Length} tokens its output '{config.Names.Logits}' has the shape [{string.Join(", ", shape)}]; it must be "
                + $"[1, {Length}, vocabulary] or [1, 1, vocabulary], with {config.VocabularySize} tokens or more.");
        }

        _expected = new float[stride];
        var last = (int)((shape[1] - 1) * stride);
        if (form.Logits == TensorElementType.Float)
        {
            logits.GetTensorDataAsSpan<float>().Slice(last, (int)stride).CopyTo(_expected);
        }
        else
        {
            var half = MemoryMarshal.Cast<Float16, Half>(logits.GetTensorDataAsSpan<Float16>());
            TensorPrimitives.ConvertToSingle(half.Slice(last, (int)stride), _expected);
        }

        return new LogitsForm((int)stride, shape[1] == 1);
    }

    private ModelProblemException Fails(OnnxRuntimeException failure) =>
        new($"{file}: it loads, but fails when it runs: {failure.Message.ReplaceLineEndings(" ")}", failure);

    private static OrtValue Whole(long[] numbers) => OrtValue.CreateTensorValueFromMemory(numbers, [1, numbers.Length]);
}
