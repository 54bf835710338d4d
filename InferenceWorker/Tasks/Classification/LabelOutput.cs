using System.Numerics.Tensors;
using AiPlatform.InferenceWorker.Batching;

namespace AiPlatform.InferenceWorker.Tasks.Classification;

/// <summary>Turns a row's numbers into scores, and sorts the best first.</summary>
internal sealed class LabelOutput(ClassificationManifest manifest) : IRowOutput
{
    private readonly float[] _scores = new float[manifest.Labels.Count];
    private readonly int[] _labels = new int[manifest.Labels.Count];

    public string What => "scores";

    public bool TryWrite(ReadOnlySpan<float> numbers, WaitingRow row)
    {
        if (!float.IsFinite(TensorPrimitives.SumOfMagnitudes(numbers))) return false;

        Activate(numbers);
        for (var i = 0; i < _labels.Length; i++) _labels[i] = i;
        // Scores are sorted in descending order; equal scores are sorted by the label's number.
        Array.Sort(_labels, (one, other) => _scores[one] != _scores[other] ? _scores[other].CompareTo(_scores[one]) : one.CompareTo(other));

        var run = (ClassificationRun)row.Request;
        for (var place = 0; place < run.ScoresPerRow; place++) run.Write(row.Index, place, _labels[place], _scores[_labels[place]]);
        return true;
    }

    private void Activate(ReadOnlySpan<float> numbers)
    {
        if (manifest.IsMultiLabel)
        {
            TensorPrimitives.Sigmoid(numbers, _scores);
            return;
        }

        // The largest number is subtracted first, so that no exponent overflows.
        TensorPrimitives.Subtract(numbers, TensorPrimitives.Max(numbers), _scores);
        TensorPrimitives.Exp(_scores, _scores);
        TensorPrimitives.Divide(_scores, TensorPrimitives.Sum<float>(_scores), _scores);
    }
}
