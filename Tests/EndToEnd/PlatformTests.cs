using System.Globalization;
using System.Text;
using AiPlatform.Tests.Fixtures;
using Xunit;

namespace AiPlatform.Tests.EndToEnd;

public sealed class PlatformTests
{
    private const string Mark = "AI_PLATFORM_TEST";

    [Fact]
    public async Task StartAsync_OneProcessDoesNotStart_EndsTheOthers()
    {
        var mark = RedisServer.Unique("platform");

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => Platform.StartAsync((Mark, mark), ("Gateway__MaxBodyBytes", "-1")));

        Assert.Contains("MaxBodyBytes", failure.Message, StringComparison.Ordinal);
        Assert.Empty(ProcessesWith(mark));
    }

    [Fact]
    public async Task StartAsync_Starts_HasItsProcesses()
    {
        var mark = RedisServer.Unique("platform");

        await using var platform = await Platform.StartAsync((Mark, mark));

        Assert.Equal(new[] { platform.Gateway.Id, platform.Worker.Id }.Order(), ProcessesWith(mark).Order());
    }

    /// <summary>The processes that have this mark in their environment.</summary>
    private static List<int> ProcessesWith(string mark)
    {
        List<int> found = [];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)) continue;
            try
            {
                var environment = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(folder, "environ")));
                if (environment.Contains($"{Mark}={mark}", StringComparison.Ordinal)) found.Add(id);
            }
            catch (Exception other) when (other is IOException or UnauthorizedAccessException)
            {
                // The process has ended, or belongs to another user.
            }
        }

        return found;
    }
}
