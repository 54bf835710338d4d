using AiPlatform.InferenceWorker.Files;

namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>How a model of sentence-transformers makes its vectors, as its files say it.</summary>
internal static class SentencePooling
{
    private const string ModePrefix = "pooling_mode_";
    private const int MostModules = 16;

    /// <summary>Names of the size of a token's state in the settings of different families.</summary>
    private static readonly string[] SizeNames = ["hidden_size", "dim", "d_model"];

    public static (long? Dimensions, string Origin) DimensionsOf(HubFolder folder)
    {
        if (folder.PoolingConfig?.Optional("word_embedding_dimension") is { } said) return (said.Whole(1, 65_536), HubFolder.PoolingFile);
        foreach (var name in SizeNames)
            if (folder.Config?.Optional(name) is { } size) return (size.Whole(1, 65_536), HubFolder.ConfigFile);
        return (null, "");
    }

    /// <exception cref="ModelProblemException">It pools in a way that cannot be served.</exception>
    public static (string Pooling, string Origin) KindOf(HubFolder folder)
    {
        if (folder.PoolingConfig is not { } config) return ("mean", ManifestDraft.Usual);

        config.MustBeObject();
        var modes = config.Properties().Where(field => field.Path.StartsWith(ModePrefix, StringComparison.Ordinal) && field.Flag())
            .Select(field => field.Path[ModePrefix.Length..]).ToList();
        return modes switch
        {
            ["mean_tokens"] => ("mean", HubFolder.PoolingFile),
            ["cls_token"] => ("cls", HubFolder.PoolingFile),
            [] => throw config.Refuse("names no kind of pooling"),
            _ => throw config.Refuse($"pools with {string.Join(" and ", modes)}; mean_tokens or cls_token, one of them, can be served"),
        };
    }

    /// <exception cref="ModelProblemException">There are parts behind the pooling that cannot be served.</exception>
    public static (bool Normalizes, string Origin) Normalizes(HubFolder folder)
    {
        if (folder.Modules is not { } modules) return (true, ManifestDraft.Usual);

        var normalizes = false;
        foreach (var module in modules.Items().Take(MostModules))
        {
            module.MustBeObject();
            var type = module.Required("type").Text();
            switch (type[(type.LastIndexOf('.') + 1)..])
            {
                case "Transformer" or "Pooling": break;
                case "Normalize": normalizes = true; break;
                default: throw module.Refuse($"is '{type}', a part that cannot be served; Transformer, Pooling and Normalize can");
            }
        }

        return (normalizes, HubFolder.ModulesFile);
    }
}
