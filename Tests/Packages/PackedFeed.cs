using System.Diagnostics;
using Xunit;

namespace AiPlatform.Tests.Packages;

/// <summary>
/// All packages in a folder outside the checkout, which is a feed, and a place for programs that restore from it. What is not ours comes
/// from the machine's own sources.
/// </summary>
public sealed class PackedFeed : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(15);

    private readonly string _root = Directory.CreateTempSubdirectory("aiplatform-packages-").FullName;

    /// <summary>The packages.</summary>
    public string Feed => Path.Combine(_root, "feed");

    public async ValueTask InitializeAsync()
    {
        // The packages are restored into a folder of their own, and what others have restored before is not loaded again.
        await File.WriteAllTextAsync(
            Path.Combine(_root, "nuget.config"),
            $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="packages" /></config>
              <packageSources><add key="feed" value="{Feed}" /></packageSources>
              <fallbackPackageFolders><add key="known" value="{KnownPackages()}" /></fallbackPackageFolders>
            </configuration>
            """);
        await RunAsync(
            Checkout.Root, "dotnet", "pack", "eng/packages.slnf", "-c", "Release", "-v", "quiet", "-o", Feed,
            "--artifacts-path", Path.Combine(_root, "artifacts"));
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return default;
    }

    /// <summary>An empty folder for a program.</summary>
    public string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(_root, name)).FullName;

    /// <summary>Runs a program, which must end with 0.</summary>
    /// <returns>Its output and errors.</returns>
    public Task<string> RunAsync(string folder, string program, params string[] arguments) =>
        RunAsync(folder, [], program, arguments);

    /// <inheritdoc cref="RunAsync(string, string, string[])"/>
    public async Task<string> RunAsync(
        string folder, (string Name, string Value)[] environment, string program, params string[] arguments)
    {
        var (code, said) = await EndAsync(folder, environment, input: "", program, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)} ended with {code}:\n{said}");
        return said;
    }

    /// <summary>Runs a program with this input to its end.</summary>
    public async Task<(int Code, string Said)> EndAsync(
        string folder, (string Name, string Value)[] environment, string input, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // No build server may outlive the test, and nothing is kept in the user's home.
        (start.Environment["MSBUILDDISABLENODEREUSE"], start.Environment["UseSharedCompilation"]) = ("1", "false");
        (start.Environment["DOTNET_CLI_HOME"], start.Environment["DOTNET_NOLOGO"]) = (Path.Combine(_root, "home"), "1");
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment.Remove("NUGET_PACKAGES");
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().WaitAsync(Bound, TestContext.Current.CancellationToken);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        return (process.ExitCode, $"{await output}\n{await errors}");
    }

    private static string KnownPackages() => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
}

/// <summary>The classes of tests for which everything is packed once.</summary>
[CollectionDefinition(nameof(PackedFeed))]
public sealed class PackedFeedTests : ICollectionFixture<PackedFeed>;
