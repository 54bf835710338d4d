using System.Text.Json;
using Xunit;

namespace AiPlatform.Tests.Gateway.Fixtures;

/// <summary>
/// Reads a stream as strictly as the strictest of the official SDKs: whatever is not a comment must be one line of data, JSON or
/// <c>[DONE]</c>.
/// </summary>
internal static class SseText
{
    public static IReadOnlyList<string> DataOf(string stream)
    {
        List<string> data = [];
        Assert.EndsWith("\n\n", stream, StringComparison.Ordinal);
        foreach (var one in stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            if (one.StartsWith(':') && !one.Contains('\n', StringComparison.Ordinal)) continue;

            Assert.StartsWith("data:", one, StringComparison.Ordinal);
            var said = one["data:".Length..];
            if (said.StartsWith(' ')) said = said[1..];
            Assert.DoesNotContain(said, c => c is '\r' or '\n');
            if (said != "[DONE]")
            {
                Assert.Equal(
                    JsonValueKind.Object, JsonDocument.Parse(said, new JsonDocumentOptions { MaxDepth = 512 }).RootElement.ValueKind);
            }
            data.Add(said);
        }

        return data;
    }
}
