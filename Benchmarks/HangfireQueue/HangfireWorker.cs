using Hangfire;

namespace AiPlatform.Benchmarks.HangfireQueue;

/// <summary>A process that runs <see cref="HangfireJob"/>s.</summary>
internal static class HangfireWorker
{
    /// <summary>The argument that runs this program as this worker.</summary>
    public const string Role = "hangfire-worker";

    /// <summary>As many as the other workers that are measured run at a time.</summary>
    private const int Workers = 64;

    /// <summary>Runs until standard input ends; prints <c>ready</c> when it is.</summary>
    public static async Task RunAsync(string address)
    {
        using var server = new BackgroundJobServer(
            new BackgroundJobServerOptions { WorkerCount = Workers }, await HangfireJob.ConnectAsync(address));
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
    }
}
