using Xunit;

namespace AiPlatform.Tests.AppHost;

public sealed class ManifestTests
{
    [Fact]
    public async Task Publish_Manifest_IsTheCommittedOne()
    {
        var folder = await Published.RunAsync(
            "manifest", "--publisher", "manifest", "--output-path", "manifest.json",
            "--Providers:openai:BaseUrl=https://api.openai.com/v1", "--Providers:openai:ApiKey=", "--Models:gpt:Provider=openai");

        Published.Compare(folder, "Tests", "AppHost", "Manifest");
    }
}
