namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>Answers a conversation. Only providers serve it.</summary>
public static class ChatTask
{
    public const string Endpoint = "/v1/chat/completions";

    public static ModelTask Description { get; } = new()
    {
        Name = "chat",
        Endpoint = Endpoint,
        Operation = "chat",
        OutputTypes = [JobOutput.Json],
    };
}
