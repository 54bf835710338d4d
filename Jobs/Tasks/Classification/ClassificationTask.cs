namespace AiPlatform.Jobs.Tasks.Classification;

/// <summary>Says which of a model's labels fit a text, or a pair of texts.</summary>
public static class ClassificationTask
{
    public const string Endpoint = "/v1/classify";

    public static ModelTask Description { get; } = new()
    {
        Name = "text-classification",
        Endpoint = Endpoint,
        Operation = "classify",
        OutputTypes = [ClassificationOutput.ContentType],
        Parse = static body => ClassificationRequestParser.Parse(body),
    };
}
