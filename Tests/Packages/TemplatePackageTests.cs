using AiPlatform.Tests.EndToEnd.Chat;
using Xunit;

namespace AiPlatform.Tests.Packages;

/// <summary>
/// The template as its users get it: installed from a feed, and a solution made of it outside the checkout, with the platform's other
/// packages from the same feed. Its own test starts its AppHost and asks its service, which asks the model.
/// </summary>
[Collection(nameof(PackedFeed))]
[Trait("Category", "Long")]
public sealed class TemplatePackageTests(PackedFeed feed, ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    /// <summary>It is no identifier.</summary>
    private const string Name = "Book-Shop.2";

    [Fact]
    public async Task Solution_OfTheTemplate_RunsWithAServerOfACheckoutAndWithOneThatRuns()
    {
        var folder = feed.NewFolder("template");
        var package = Assert.Single(Directory.GetFiles(feed.Feed, "AiPlatform.Templates.*.nupkg"));
        await feed.RunAsync(folder, "dotnet", "new", "install", package);
        await feed.RunAsync(folder, "dotnet", "new", "aiplatform", "-n", Name, "--checkout", Checkout.Root);
        var solution = Path.Combine(folder, Name);

        // A server of its own: Redis, a worker and the Gateway, from the checkout.
        var said = await feed.RunAsync(solution, "dotnet", "test");
        Assert.Contains("Passed:     1", said, StringComparison.Ordinal);

        // A server that runs already, which then has the job of the service's question. The tool is one of the solution's.
        var address = platform.Platform.Gateway.Address.ToString();
        (string, string)[] running = [("ConnectionStrings__ai", $"Endpoint={address};Model={ChatPlatform.Model}"), ("AI_URL", address)];
        await feed.RunAsync(solution, "dotnet", "new", "tool-manifest");
        await feed.RunAsync(solution, "dotnet", "tool", "install", "AiPlatform.Tool", "--prerelease");
        Assert.Contains("No jobs.", await feed.RunAsync(solution, running, "dotnet", "aiplatform", "jobs", "list"), StringComparison.Ordinal);
        said = await feed.RunAsync(solution, running, "dotnet", "test", "--no-build");
        Assert.Contains("Passed:     1", said, StringComparison.Ordinal);
        Assert.Contains("succeeded", await feed.RunAsync(solution, running, "dotnet", "aiplatform", "jobs", "list"), StringComparison.Ordinal);
    }
}
