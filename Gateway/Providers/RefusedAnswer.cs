namespace AiPlatform.Gateway.Providers;

/// <summary>A provider's refusal of a request, in OpenAI's form of errors.</summary>
/// <param name="Status">400 to 499.</param>
/// <param name="Body">JSON.</param>
internal sealed record RefusedAnswer(int Status, ReadOnlyMemory<byte> Body);
