using System.Text.Json;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>A call as a provider received it.</summary>
/// <param name="Path">Without a query.</param>
/// <param name="Protocol">Such as <c>HTTP/1.1</c>.</param>
/// <param name="Connection">The connection's id.</param>
/// <param name="Body">The body.</param>
/// <param name="Headers">By their names.</param>
internal sealed record ReceivedCall(
    string Path, string Protocol, string Connection, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;
}
