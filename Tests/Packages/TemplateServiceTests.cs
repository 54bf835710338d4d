using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AiPlatform.Tests.Cli;
using AiPlatform.Tests.Fixtures;
using AiPlatform.Tests.InferenceWorker.Fixtures;
using Xunit;

namespace AiPlatform.Tests.Packages;

/// <summary>The template's service, built with the client of the checkout, and what it makes of a server's errors.</summary>
[Trait("Category", "Long")]
public sealed class TemplateServiceTests : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);
    private static readonly Uri Reviews = new("/reviews", UriKind.Relative);

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://127.0.0.1:{FreePort.Next()}") };
    private Process? _service;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await RunAsync("new", "install", Path.Combine(Checkout.Root, "Templates", "content"));
        await RunAsync("new", "aiplatform", "-n", "Shop", "--no-restore");
        await File.WriteAllTextAsync(
            Path.Combine(_folder.Path, "Directory.Build.targets"),
            $"""
            <Project>
              <ItemGroup>
                <PackageReference Remove="AiPlatform.Aspire.Client" />
                <ProjectReference Include="{Checkout.Root}/Aspire.Client/Aspire.Client.csproj" />
              </ItemGroup>
            </Project>
            """,
            Ct);
        await RunAsync("build", "Shop/Shop.Service", "-c", "Release", "-o", "service");
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            _service.Kill(entireProcessTree: true);
            await _service.WaitForExitAsync(CancellationToken.None);
            _service.Dispose();
        }

        _http.Dispose();
        _folder.Dispose();
    }

    /// <summary>Only what may pass by itself is "come again".</summary>
    [Fact]
    public async Task Review_ServersErrors_AreTheServicesOrTheCallersOrPassing()
    {
        await using var server = await StandInGateway.StartAsync(Ct);
        foreach (var status in (int[])[401, 404, 400, 504, 429])
            server.On("POST /v1/chat/completions", $$$"""{"error":{"message":"It is so.","code":"c{{{status}}}"}}""", status);
        await StartAsync(server.Address);

        await AssertAsync(HttpStatusCode.InternalServerError, "wrong key");
        await AssertAsync(HttpStatusCode.InternalServerError, "unknown model");
        Assert.Contains("It is so.", await AssertAsync(HttpStatusCode.BadRequest, "too long"), StringComparison.Ordinal);
        await AssertAsync(HttpStatusCode.ServiceUnavailable, "late");
        await AssertAsync(HttpStatusCode.ServiceUnavailable, "busy");
        await AssertAsync(HttpStatusCode.BadRequest, " ");
        await AssertAsync(HttpStatusCode.BadRequest, "no JSON", isJson: false);
    }

    [Fact]
    public async Task Review_ServerIsAwayOrNeverAnswers_Is503InTime()
    {
        using var silence = new TcpListener(IPAddress.Loopback, port: 0);
        silence.Start();
        await StartAsync($"http://{silence.LocalEndpoint}");

        await AssertAsync(HttpStatusCode.ServiceUnavailable, "accepted");
        silence.Stop();
        await AssertAsync(HttpStatusCode.ServiceUnavailable, "refused");
    }

    private async Task<string> AssertAsync(HttpStatusCode expected, string text, bool isJson = true)
    {
        var body = isJson ? JsonSerializer.Serialize(new { text }) : text;
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var reply = await _http.PostAsync(Reviews, content, Ct);

        var said = await reply.Content.ReadAsStringAsync(Ct);
        Assert.True(expected == reply.StatusCode, $"{text}: {reply.StatusCode} {said}");
        Assert.Equal("application/problem+json", reply.Content.Headers.ContentType?.MediaType);
        Assert.Equal(expected == HttpStatusCode.ServiceUnavailable, reply.Headers.RetryAfter is not null);
        return said;
    }

    private async Task StartAsync(string server)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(_folder.Path, "service", "Shop.Service.dll")])
        {
            WorkingDirectory = _folder.Path,
        };
        (start.Environment["ASPNETCORE_URLS"], start.Environment["ASPNETCORE_ENVIRONMENT"]) = ($"{_http.BaseAddress}", "Development");
        start.Environment["ConnectionStrings__ai"] = $"Endpoint={server};Model=near";
        start.Environment["Aspire__AiPlatform__Client__MaxRetries"] = "0";
        _service = Process.Start(start)!;
        await Poll.UntilAsync(AnswersAsync, "the service answers", Bound);

        async Task<bool> AnswersAsync()
        {
            try
            {
                using var reply = await _http.GetAsync(Reviews, Ct);
                return true;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }

    /// <summary>Runs <c>dotnet</c> in the folder, with templates of its own.</summary>
    private async Task RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // No build server may outlive the test.
        (start.Environment["MSBUILDDISABLENODEREUSE"], start.Environment["UseSharedCompilation"]) = ("1", "false");
        (start.Environment["DOTNET_CLI_HOME"], start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"]) =
            (Path.Combine(_folder.Path, "home"), "1");
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct).WaitAsync(Bound, Ct);
        Assert.True(process.ExitCode == 0, $"{await output}\n{await errors}");
    }
}
