using AiPlatform.Jobs.Tasks.Chat;

namespace AiPlatform.Jobs.Tasks.Completions;

/// <summary>Continues texts with a worker's language model.</summary>
public static class CompletionTask
{
    public const string Endpoint = "/v1/completions";

    public static ModelTask Description { get; } = new()
    {
        Kinds = [ChatTask.Kind],
        Endpoint = Endpoint,
        Operation = "text_completion",
        OutputTypes = [JobOutput.Json],
        Parse = static body => CompletionRequestParser.Parse(body),
    };
}
