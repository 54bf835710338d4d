namespace AiPlatform.AppHost;

/// <summary>What a command did, in a line, and the JSON that the Gateway answered.</summary>
internal sealed record CommandAnswer(string Summary, string Json);
