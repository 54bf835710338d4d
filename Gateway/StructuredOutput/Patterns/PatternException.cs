namespace AiPlatform.Gateway.StructuredOutput.Patterns;

/// <summary>A text is no pattern. The message says why, in a sentence.</summary>
internal sealed class PatternException(string message) : Exception(message);
