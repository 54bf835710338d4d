using System.Globalization;
using System.Text;
using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs.Tasks.Classification;

namespace AiPlatform.InferenceWorker.Tasks.Classification;

/// <summary>The manifest of a classifier.</summary>
internal sealed record ClassificationManifest : EncoderManifest
{
    private const int MostLabels = 1_024;

    public ClassificationManifest(ManifestContent content)
        : base(content)
    {
        Labels = ReadLabels(content.Required("labels"));
        IsMultiLabel = content.Required("activation").OneOf("softmax", "sigmoid") == "sigmoid";
    }

    /// <summary>The names of this class' fields.</summary>
    public static new IReadOnlyList<string> Fields { get; } = ["labels", "activation"];

    /// <summary><c>labels</c>: their names, in the order of the model's numbers; 1 to 1,024, each of at most 256 bytes.</summary>
    public IReadOnlyList<string> Labels { get; init; }

    /// <summary>
    /// <c>activation</c>: <c>softmax</c> if exactly one label fits, or <c>sigmoid</c> if each label fits or not independently.
    /// </summary>
    public bool IsMultiLabel { get; init; }

    public override EncoderOutput Output => new("logits", IsPerToken: false, Labels.Count, "Float [rows, labels]");

    public override bool TakesPairs => true;

    public override string OtherSize(long size) => string.Create(
        CultureInfo.InvariantCulture, $"it gives {size} numbers for a row; 'labels' in {FileName} names {Labels.Count}");

    private static List<string> ReadLabels(ManifestField field)
    {
        List<string> labels = [];
        foreach (var item in field.Items())
        {
            var label = item.Text();
            if (label.Any(char.IsControl) || Encoding.UTF8.GetByteCount(label) > ClassificationOutput.MaxLabelBytes)
                throw item.Refuse($"must have no control characters and at most {ClassificationOutput.MaxLabelBytes} bytes");
            if (labels.Contains(label)) throw item.Refuse($"is '{label}', which occurs twice");
            labels.Add(label);
        }

        return labels.Count is > 0 and <= MostLabels
            ? labels : throw field.Refuse($"has {labels.Count} labels; it must be 1 to {MostLabels}");
    }
}
