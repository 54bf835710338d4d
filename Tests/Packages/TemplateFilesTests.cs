using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Packages;

/// <summary>The template's files as they lie in the checkout.</summary>
public sealed partial class TemplateFilesTests
{
    [GeneratedRegex("<PackageReference Include=\"(?<name>[^\"]+)\" Version=\"(?<version>[^\"]+)\"")]
    private static partial Regex Reference { get; }

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    [GeneratedRegex("(?:<Project Path|<ProjectReference Include)=\"(?<path>[^\"]+)\"")]
    private static partial Regex ProjectPath { get; }

    /// <summary>
    /// A name that is no identifier has other forms in namespaces and classes, but one form only in the names of files and in paths.
    /// </summary>
    [Fact]
    public async Task Solution_AnyName_NamesTheProjectsThatItHas()
    {
        using var folder = new TemporaryFolder();
        await NewAsync(folder.Path, "install", Path.Combine(Checkout.Root, "Templates", "content"));

        // The class of a project is called as Aspire calls it.
        foreach (var (name, type) in ((string, string)[])[("Shop", "Shop"), ("Book-Shop.2", "Book_Shop__2"), ("1st shop", "_1st_shop")])
        {
            await NewAsync(folder.Path, "aiplatform", "-n", name, "--no-restore");

            var files = Directory.GetFiles(Path.Combine(folder.Path, name), "*", SearchOption.AllDirectories);
            var paths = files.SelectMany(file => ProjectPath.Matches(File.ReadAllText(file))
                .Select(one => Path.GetFullPath(one.Groups["path"].Value, Path.GetDirectoryName(file)!))).ToList();
            Assert.Equal(5, paths.Count);
            var host = Path.Combine(folder.Path, name, $"{name}.AppHost", "AppHost.cs");
            Assert.Contains($"<Projects.{type}_Service>", File.ReadAllText(host), StringComparison.Ordinal);
            Assert.All(paths, path => Assert.True(File.Exists(path), path));
            Assert.All(files, file => Assert.DoesNotMatch("AiPlatformApp|CLASS-NAME|NAME-SPACE|MODEL-NAME", File.ReadAllText(file)));
        }
    }

    [Fact]
    public void Packages_OfTheTemplate_AreThoseOfTheProduct()
    {
        var known = XDocument.Load(Path.Combine(Checkout.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(one => one.Attribute("Include")!.Value, one => one.Attribute("Version")!.Value);
        var projects = Directory.GetFiles(Path.Combine(Checkout.Root, "Templates", "content"), "*.csproj", SearchOption.AllDirectories);
        var named = projects.SelectMany(project => Reference.Matches(File.ReadAllText(project)))
            .Select(one => (Name: one.Groups["name"].Value, Version: one.Groups["version"].Value)).ToList();

        Assert.True(named.Count > 8);
        Assert.All(named, one => Assert.Equal(
            one.Name.StartsWith("AiPlatform.", StringComparison.Ordinal) ? "PLATFORM-VERSION" : known[one.Name], one.Version));
        var sdk = File.ReadLines(Path.Combine(Checkout.Root, "AppHost", "AppHost.csproj")).First();
        Assert.Contains(projects, project => File.ReadLines(project).First() == sdk);
    }

    /// <summary>Runs <c>dotnet new</c>, with a folder of templates of its own.</summary>
    private static async Task NewAsync(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["new", .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        (start.Environment["DOTNET_CLI_HOME"], start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"]) = (Path.Combine(folder, "home"), "1");
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Bound, TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{await output}\n{await errors}");
    }
}
