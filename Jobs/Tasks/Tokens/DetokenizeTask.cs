namespace AiPlatform.Jobs.Tasks.Tokens;

/// <summary>Turns tokens of a model into text, as vLLM does.</summary>
public static class DetokenizeTask
{
    public const string Endpoint = "/v1/detokenize";

    /// <summary>Most bytes of the text, in UTF-8.</summary>
    public const int MaxTextBytes = 4 * 1024 * 1024;

    public static ModelTask Description { get; } = new()
    {
        Kinds = TokenizeTask.Kinds,
        Endpoint = Endpoint,
        Operation = "detokenize",
        OutputTypes = [JobOutput.Json],
        Parse = static body => DetokenizeRequestParser.Parse(body),
    };
}
