using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiPlatform.InferenceWorker.Files;

namespace AiPlatform.InferenceWorker.Tasks.Classification;

/// <summary>The labels of a classifier in the <c>config.json</c> of Hugging Face transformers.</summary>
internal static class HubLabels
{
    private const int MostLabels = 1_024;

    /// <summary>The names in the order of the model's numbers; null when the settings name none.</summary>
    /// <exception cref="ModelProblemException">The numbers are not 0 to one less than there are names.</exception>
    public static JsonArray? Of(HubFolder folder)
    {
        if (folder.Config?.Optional("id2label") is not { } named) return null;

        named.MustBeObject();
        var labels = new SortedDictionary<int, string>();
        foreach (var entry in named.Properties())
        {
            var key = entry.Path[(named.Path.Length + 1)..];
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || !labels.TryAdd(id, entry.Text()))
                throw entry.Refuse("must have a label's number as its name");
            if (labels.Count > MostLabels) throw named.Refuse($"has more than {MostLabels} labels");
        }

        return labels.Keys.SequenceEqual(Enumerable.Range(0, labels.Count))
            ? new JsonArray([.. labels.Values.Select(label => JsonValue.Create(label))])
            : throw named.Refuse("must name every number from 0 on");
    }

    /// <summary>
    /// As transformers chooses it: <c>sigmoid</c> for one label, or where the settings say that several may fit; otherwise
    /// <c>softmax</c>.
    /// </summary>
    public static (string Activation, string Origin) ActivationOf(HubFolder folder, int labels)
    {
        if (folder.Config?.Optional("problem_type") is { Value.ValueKind: JsonValueKind.String } said)
        {
            return said.Text() switch
            {
                "multi_label_classification" => ("sigmoid", HubFolder.ConfigFile),
                "single_label_classification" => ("softmax", HubFolder.ConfigFile),
                var other => throw said.Refuse($"is '{other}'; single_label_classification and multi_label_classification can be served"),
            };
        }

        return (labels == 1 ? "sigmoid" : "softmax", ManifestDraft.Usual);
    }
}
