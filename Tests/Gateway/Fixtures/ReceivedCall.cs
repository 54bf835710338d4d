using System.Text.Json;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>A call as a provider received it.</summary>
internal sealed record ReceivedCall(string Path, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;
}
