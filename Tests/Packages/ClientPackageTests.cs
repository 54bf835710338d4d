using AiPlatform.Tests.EndToEnd.Chat;
using Xunit;

namespace AiPlatform.Tests.Packages;

/// <summary>
/// The client's package as its users get it: restored from a feed by a program outside the checkout, trimmed, and run against a real
/// Gateway.
/// </summary>
[Collection(nameof(PackedFeed))]
[Trait("Category", "Long")]
public sealed class ClientPackageTests(PackedFeed feed, ChatPlatform platform) : IClassFixture<ChatPlatform>
{
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <InvariantGlobalization>true</InvariantGlobalization>
            <PublishTrimmed>true</PublishTrimmed>
            <SelfContained>true</SelfContained>
            <UseCurrentRuntimeIdentifier>true</UseCurrentRuntimeIdentifier>
            <TrimmerSingleWarn>false</TrimmerSingleWarn>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="AiPlatform.Client" Version="*-*" />
          </ItemGroup>
        </Project>
        """;

    private const string Source = """
        using AiPlatform.Client;
        using AiPlatform.Client.Jobs;
        using Microsoft.Extensions.AI;

        using var ai = new AiPlatformClient(AiPlatformClientOptions.Parse(args[0]));
        var options = new ChatOptions { MaxOutputTokens = 8, Temperature = 0 };
        var whole = await ai.GetChatClient().GetResponseAsync("What is the capital of France?", options);
        var durable = await ai.GetDurableChatClient().GetStreamingResponseAsync("What is the capital of France?", options)
            .ToChatResponseAsync();
        await foreach (Job job in ai.Jobs.ListAsync()) Console.WriteLine($"{job.Endpoint} {job.Status}");
        Console.WriteLine(whole.Text == durable.Text ? $"said: {whole.Text}" : $"{whole.Text} is not {durable.Text}");
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Package_InAProgramOfItsOwnTrimmed_TalksToAGateway()
    {
        var folder = feed.NewFolder("program");
        await File.WriteAllTextAsync(Path.Combine(folder, "program.csproj"), Project, Ct);
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), Source, Ct);

        await feed.RunAsync(folder, "dotnet", "publish", "-c", "Release", "-o", Path.Combine(folder, "published"));
        var said = await feed.RunAsync(
            folder, Path.Combine(folder, "published", "program"),
            $"Endpoint={platform.Platform.Gateway.Address};Model={ChatPlatform.Model}");

        Assert.Contains("/v1/chat/completions succeeded", said, StringComparison.Ordinal);
        Assert.Contains("said: ", said, StringComparison.Ordinal);
    }
}
