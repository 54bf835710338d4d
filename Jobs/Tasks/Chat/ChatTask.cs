namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>Answers a conversation, with a language model of a worker's or of a provider's.</summary>
public static class ChatTask
{
    public const string Endpoint = "/v1/chat/completions";

    public static ModelTask Description { get; } = new()
    {
        Name = "text-generation",
        Endpoint = Endpoint,
        Operation = "chat",
        OutputTypes = [JobOutput.Json],
        Parse = static body => ChatRequestParser.Parse(body),
    };
}
