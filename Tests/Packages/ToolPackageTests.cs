using AiPlatform.Tests.EndToEnd.Chat;
using Xunit;

namespace AiPlatform.Tests.Packages;

/// <summary>The tool as its users get it: installed from a feed, and run against a real system.</summary>
[Collection(nameof(PackedFeed))]
[Trait("Category", "Long")]
public sealed class ToolPackageTests(PackedFeed feed, ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private string _folder = "";

    [Fact]
    public async Task Tool_Installed_TalksToASystem()
    {
        _folder = feed.NewFolder("tool");
        await feed.RunAsync(_folder, "dotnet", "tool", "install", "AiPlatform.Tool", "--prerelease", "--tool-path", "bin");

        Assert.Matches(@"^0\.\d+\.\d+.*\+[0-9a-f]{40}", await SayAsync(0, "", "--version"));
        var doctor = await SayAsync(0, "", "doctor");
        Assert.Contains($"{ChatPlatform.Model}: text-generation, 1 worker on cpu", doctor, StringComparison.Ordinal);
        Assert.Contains(ChatPlatform.Model, await SayAsync(0, "", "models"), StringComparison.Ordinal);
        var chat = await SayAsync(0, "What is the capital of France?\n", "chat", "--max-tokens", "8", "--temperature", "0");
        Assert.Contains("8 tokens in ", chat, StringComparison.Ordinal);
        Assert.Contains("succeeded", await SayAsync(0, "", "jobs", "list"), StringComparison.Ordinal);
        Assert.Contains("aip_", await SayAsync(0, "", "key", "new", "search"), StringComparison.Ordinal);
        Assert.Contains("'aiplatform --help' shows the usage.", await SayAsync(2, "", "nothing"), StringComparison.Ordinal);
    }

    private async Task<string> SayAsync(int code, string input, params string[] arguments)
    {
        var (ended, said) = await feed.EndAsync(
            _folder, [("AI_URL", platform.Platform.Gateway.Address.ToString()), ("AI_API_KEY", "")], input,
            Path.Combine(_folder, "bin", "aiplatform"), arguments);
        Assert.True(ended == code, $"{string.Join(' ', arguments)} ended with {ended}: {said}");
        return said;
    }
}
