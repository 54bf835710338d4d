namespace AiPlatform.Jobs.Tasks.Classification;

/// <summary>Says which of a model's labels fit a text, or a pair of texts.</summary>
public static class ClassificationTask
{
    /// <summary>What manifests and the catalog call its models.</summary>
    public const string Kind = "text-classification";

    public const string Endpoint = "/v1/classify";

    public static ModelTask Description { get; } = new()
    {
        Kinds = [Kind],
        Endpoint = Endpoint,
        Operation = "classify",
        OutputTypes = [ClassificationOutput.ContentType],
        Parse = static body => ClassificationRequestParser.Parse(body),
    };
}
