using System.Net;
using System.Text;
using AiPlatform.Tests.Gateway.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Gateway.Page;

/// <summary>The page's files, as the Gateway serves them.</summary>
public sealed class PageFilesTests(KeyedGatewayFixture fixture) : IClassFixture<KeyedGatewayFixture>
{
    private const int MostBytes = 200 * 1024;

    private static readonly string Folder = Path.Combine(Checkout.Root, "Gateway", "Page", "files");

    private readonly GatewayHost _gateway = fixture.Gateway;

    /// <summary>All files, as their URLs have them.</summary>
    private static IEnumerable<string> Files => Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories)
        .Select(file => $"/{Path.GetRelativePath(Folder, file)}");

    [Fact]
    public async Task GetFile_WithoutAKey_IsTheFileWithItsTypeAndAStrictPolicy()
    {
        foreach (var file in Files)
        {
            using var response = await _gateway.Client.GetAsync(file);

            Assert.Equal((file, HttpStatusCode.OK), (file, response.StatusCode));
            Assert.Equal(await File.ReadAllBytesAsync(Folder + file), await response.Content.ReadAsByteArrayAsync());
            Assert.Equal(TypeOf(file), response.Content.Headers.ContentType?.MediaType);
            var policy = response.Headers.GetValues("Content-Security-Policy").Single();
            Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("no-cache", response.Headers.CacheControl?.ToString());
        }
    }

    [Fact]
    public async Task GetRoot_WithoutAKey_IsThePage() =>
        Assert.Equal(await File.ReadAllTextAsync($"{Folder}/index.html"), await _gateway.Client.GetStringAsync("/"));

    [Theory]
    [InlineData("POST", "/", 401)]
    [InlineData("GET", "/index", 401)]
    [InlineData("GET", "/vendor/", 401)]
    [InlineData("GET", "/vendor/../../Program.cs", 401)]
    [InlineData("GET", "/vendor%2fpreact.js", 401)]
    public async Task OtherPaths_WithoutAKey_AreNotLetIn(string method, string path, int status)
    {
        var (answered, _) = await _gateway.SendRawAsync($"{method} {path}", []);

        Assert.Equal(status, answered);
    }

    /// <summary>What a browser loads for the whole page; it is sent as it is.</summary>
    [Fact]
    public void Files_Together_AreSmall()
    {
        var bytes = Files.Where(file => !file.EndsWith(".txt", StringComparison.Ordinal)).Sum(file => new FileInfo(Folder + file).Length);

        TestContext.Current.TestOutputHelper?.WriteLine($"The page has {bytes:n0} bytes.");
        Assert.InRange(bytes, 1, MostBytes);
    }

    /// <summary>A text from outside is never read as HTML or as a script.</summary>
    [Theory]
    [InlineData("innerHTML")]
    [InlineData("outerHTML")]
    [InlineData("insertAdjacentHTML")]
    [InlineData("dangerouslySetInnerHTML")]
    [InlineData("document.write")]
    [InlineData("eval(")]
    [InlineData("new Function")]
    [InlineData("http://")]
    [InlineData("https://")]
    public void Scripts_OfThePage_HaveNothingThatRunsATextOrLoadsFromElsewhere(string forbidden)
    {
        // What the page teaches has the address of a provider.
        const string Taught = "https://api.openai.com/v1";
        var scripts = Files.Where(file => !IsOfOthers(file) && file.EndsWith(".js", StringComparison.Ordinal));

        foreach (var script in scripts)
        {
            var text = File.ReadAllText(Folder + script, Encoding.UTF8).Replace(Taught, "", StringComparison.Ordinal);
            Assert.DoesNotContain(forbidden, text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Notices_NameEveryFileOfOthers()
    {
        var notices = File.ReadAllText($"{Folder}/vendor/NOTICES.txt");

        foreach (var file in Files.Where(file => IsOfOthers(file) && !file.EndsWith(".txt", StringComparison.Ordinal)))
            Assert.Contains(Path.GetFileName(file), notices, StringComparison.Ordinal);
        Assert.Contains("The MIT License", notices, StringComparison.Ordinal);
        Assert.Contains("Apache License", notices, StringComparison.Ordinal);
    }

    private static bool IsOfOthers(string file) => file.StartsWith("/vendor/", StringComparison.Ordinal);

    private static string TypeOf(string file) => Path.GetExtension(file) switch
    {
        ".html" => "text/html",
        ".css" => "text/css",
        ".js" => "text/javascript",
        ".svg" => "image/svg+xml",
        ".ico" => "image/x-icon",
        _ => "text/plain",
    };
}
