namespace AiPlatform.Benchmarks.Processes;

/// <summary>Waits for processes that do not report when they are ready.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Polls a condition until it is true.</summary>
    /// <exception cref="BenchmarkException">It was not within a minute, or the process ended.</exception>
    public static async Task UntilAsync(ChildProcess process, Func<Task<bool>> isReady, string what, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        while (!await isReady())
        {
            process.ThrowIfEnded();
            if (time.GetElapsedTime(start) > Patience) throw new BenchmarkException($"{what} was not ready within {Patience}.");
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    /// <summary>Polls a server until it answers with success.</summary>
    /// <exception cref="BenchmarkException">It did not within a minute, or the process ended.</exception>
    public static async Task UntilOkAsync(ChildProcess process, int port, string path, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await UntilOkAsync(process, http, path, cancellationToken);
    }

    /// <summary>Polls the server of a client until it answers with success.</summary>
    /// <exception cref="BenchmarkException">It did not within a minute, or the process ended.</exception>
    public static async Task UntilOkAsync(ChildProcess process, HttpClient http, string path, CancellationToken cancellationToken)
    {
        await UntilAsync(process, IsOkAsync, path, cancellationToken);

        async Task<bool> IsOkAsync()
        {
            try
            {
                using var reply = await http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
                return reply.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }
}
