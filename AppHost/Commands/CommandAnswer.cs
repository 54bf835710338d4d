namespace AiPlatform.AppHost.Commands;

/// <summary>The result of a command: a line of summary, and the Gateway's JSON.</summary>
internal sealed record CommandAnswer(string Summary, string Json);
