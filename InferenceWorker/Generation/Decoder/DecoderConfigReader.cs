using System.Text.Json;
using AiPlatform.InferenceWorker.Files;

namespace AiPlatform.InferenceWorker.Generation.Decoder;

/// <summary>
/// Reads <c>genai_config.json</c>, which onnxruntime-genai's model builder writes beside a decoder. A setting that the engine cannot run is
/// refused with its name and the reason; fields that do not matter are ignored.
/// </summary>
internal static class DecoderConfigReader
{
    public const string FileName = "genai_config.json";

    private const int MaxLayers = 1_000;
    private const int MaxHeads = 1_024;
    private const int MaxHeadSize = 4_096;
    private const int MaxVocabulary = 4_000_000;
    private const int MaxContext = 16 * 1024 * 1024;
    private const int MaxEndTokens = 64;

    /// <summary>Parts of a model with other inputs than token ids.</summary>
    private static readonly (string Field, string What)[] OtherParts =
    [
        ("encoder", "an encoder beside the decoder"),
        ("vision", "images"),
        ("speech", "speech"),
        ("embedding", "embeddings made outside the decoder"),
    ];

    /// <exception cref="ModelProblemException">It cannot be read, or has a setting that the engine cannot run.</exception>
    public static DecoderConfig Read(string folder)
    {
        var file = $"{Path.GetFileName(folder)}/{FileName}";
        using var document = JsonFile.Read(Path.Combine(folder, FileName), file);
        var root = new ManifestField(file, "", document.RootElement);
        root.MustBeObject();
        var model = Object(root, "model");
        foreach (var (field, what) in OtherParts)
        {
            if (model.Optional(field) is { } part)
                throw part.Refuse($"says that the model takes {what}; only plain decoders of text can be served");
        }

        var decoder = Object(model, "decoder");
        if (decoder.Optional("sliding_window") is { } window)
            throw window.Refuse("asks for a cache with a sliding window; only caches of the whole context can be served");
        if (decoder.Optional("pipeline") is { } pipeline)
            throw pipeline.Refuse("cuts the model into several graphs; only decoders of one graph can be served");

        var vocabulary = Whole(model, "vocab_size", 2, MaxVocabulary);
        var name = decoder.Required("filename");
        return new DecoderConfig
        {
            Model = name.FileName(name.Text()),
            Layers = Whole(decoder, "num_hidden_layers", 1, MaxLayers),
            KeyValueHeads = Whole(decoder, "num_key_value_heads", 1, MaxHeads),
            HeadSize = Whole(decoder, "head_size", 1, MaxHeadSize),
            VocabularySize = vocabulary,
            ContextLength = Whole(model, "context_length", 2, MaxContext),
            EndTokens = EndTokens(model.Required("eos_token_id"), vocabulary),
            Names = Names(Object(decoder, "inputs"), Object(decoder, "outputs")),
        };
    }

    private static DecoderNames Names(ManifestField inputs, ManifestField outputs) => new()
    {
        InputIds = Name(inputs, "input_ids", "input_ids"),
        AttentionMask = Name(inputs, "attention_mask", "attention_mask"),
        PositionIds = Name(inputs, "position_ids", "position_ids"),
        Logits = Name(outputs, "logits", "logits"),
        PastKey = Pattern(inputs, "past_key_names", "past_key_values.%d.key"),
        PastValue = Pattern(inputs, "past_value_names", "past_key_values.%d.value"),
        PresentKey = Pattern(outputs, "present_key_names", "present.%d.key"),
        PresentValue = Pattern(outputs, "present_value_names", "present.%d.value"),
    };

    private static string Name(ManifestField parent, string name, string usual) => parent.Optional(name)?.Text() ?? usual;

    private static string Pattern(ManifestField parent, string name, string usual)
    {
        if (parent.Optional(name) is not { } field) return usual;
        var pattern = field.Text();
        return pattern.Split("%d").Length == 2 ? pattern : throw field.Refuse($"is '{pattern}'; it must have %d for the layer, once");
    }

    private static List<int> EndTokens(ManifestField field, int vocabulary)
    {
        if (field.Value.ValueKind == JsonValueKind.Number) return [(int)field.Whole(0, vocabulary - 1)];
        if (field.Value.ValueKind != JsonValueKind.Array || field.Value.GetArrayLength() is 0 or > MaxEndTokens)
            throw field.Refuse($"must be a token's id, or a list of 1 to {MaxEndTokens}");

        List<int> tokens = [];
        foreach (var element in field.Value.EnumerateArray())
            tokens.Add((int)(field with { Value = element }).Whole(0, vocabulary - 1));
        return tokens;
    }

    private static int Whole(ManifestField parent, string name, long least, long most) => (int)parent.Required(name).Whole(least, most);

    private static ManifestField Object(ManifestField parent, string name)
    {
        var field = parent.Required(name);
        field.MustBeObject();
        return field;
    }
}
