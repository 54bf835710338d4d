namespace AiPlatform.Gateway.Providers;

/// <summary>What the Gateway has to know of an answer, or of one chunk of a stream.</summary>
/// <param name="Usage">Null when it says none.</param>
/// <param name="HasError">It is an error.</param>
/// <param name="Choices">Choices that it speaks of.</param>
/// <param name="Finished">Choices among them that end with it.</param>
/// <param name="TextBytes">Bytes of text that the choices' deltas say, as they are written: content, reasoning, arguments of tools.</param>
internal readonly record struct AnswerFacts(TokenUsage? Usage, bool HasError, int Choices, int Finished, long TextBytes);
