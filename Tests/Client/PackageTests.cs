using System.Diagnostics;
using AiPlatform.Tests.EndToEnd.Chat;
using Xunit;

namespace AiPlatform.Tests.Client;

/// <summary>
/// The package as its users get it: packed into a folder, restored from there by a program outside the checkout, trimmed, and run against a
/// real Gateway.
/// </summary>
public sealed class PackageTests(ChatPlatform platform) : IClassFixture<ChatPlatform>
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
            <RestoreAdditionalProjectSources>../feed</RestoreAdditionalProjectSources>
            <RestorePackagesPath>../packages</RestorePackagesPath>
            <RestoreFallbackFolders>$(KnownPackages)</RestoreFallbackFolders>
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
    [Trait("Category", "Long")]
    public async Task Package_InAProgramOfItsOwnTrimmed_TalksToAGateway()
    {
        var folder = Directory.CreateTempSubdirectory("aiplatform-package-").FullName;
        try
        {
            var program = Directory.CreateDirectory(Path.Combine(folder, "program")).FullName;
            await File.WriteAllTextAsync(Path.Combine(program, "program.csproj"), Project, Ct);
            await File.WriteAllTextAsync(Path.Combine(program, "Program.cs"), Source, Ct);
            await RunAsync(
                Checkout.Root, "dotnet", "pack", "Client", "-c", "Release", "-o", Path.Combine(folder, "feed"), "--artifacts-path",
                Path.Combine(folder, "artifacts"));

            await RunAsync(program, "dotnet", "publish", "-c", "Release", "-o", Path.Combine(folder, "published"));
            var said = await RunAsync(
                folder, Path.Combine(folder, "published", "program"),
                $"Endpoint={platform.Platform.Gateway.Address};Model={ChatPlatform.Model}");

            Assert.Contains("/v1/chat/completions succeeded", said, StringComparison.Ordinal);
            Assert.Contains("said: ", said, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The package is restored into a folder of its own, and what others have restored before is not loaded again.
        start.Environment["KnownPackages"] = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        // No build server may outlive the test.
        (start.Environment["MSBUILDDISABLENODEREUSE"], start.Environment["UseSharedCompilation"]) = ("1", "false");
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        var said = $"{await output}\n{await errors}";
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{said}");
        return said;
    }
}
