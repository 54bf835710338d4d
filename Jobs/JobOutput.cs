namespace AiPlatform.Jobs;

/// <summary>A result as it is stored: bytes and what they are.</summary>
/// <param name="ContentType"><c>application/json</c>, or the type of a binary payload that the Gateway turns into JSON.</param>
/// <param name="Content">The bytes.</param>
public sealed record JobOutput(string ContentType, ReadOnlyMemory<byte> Content)
{
    public const string Json = "application/json";
}
