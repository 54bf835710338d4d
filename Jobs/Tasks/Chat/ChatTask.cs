namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>Answers a conversation with a worker's or a provider's language model.</summary>
public static class ChatTask
{
    /// <summary>What manifests and the catalog call its models.</summary>
    public const string Kind = "text-generation";

    public const string Endpoint = "/v1/chat/completions";

    public static ModelTask Description { get; } = new()
    {
        Kinds = [Kind],
        Endpoint = Endpoint,
        Operation = "chat",
        OutputTypes = [JobOutput.Json],
        Parse = static body => ChatRequestParser.Parse(body),
    };
}
