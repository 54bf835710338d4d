namespace AiPlatform.Benchmarks.Providers;

/// <summary>Probes <c>/health</c> of a server repeatedly, as an orchestrator does.</summary>
internal sealed class HealthProbe : IAsyncDisposable
{
    private static readonly Uri Path = new("/health", UriKind.Relative);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _http;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<TimeSpan> _times = [];
    private readonly Task _asking;
    private int _failed;

    public HealthProbe(int port)
    {
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        _asking = AskAsync();
    }

    /// <summary>Ends the probes.</summary>
    public async Task<HealthTimes> StopAsync()
    {
        await _stop.CancelAsync();
        await _asking;
        var sorted = _times.Order().ToList();
        return new HealthTimes(sorted.Count, _failed, sorted[(sorted.Count - 1) * 99 / 100], sorted[^1]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _asking;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task AskAsync()
    {
        var time = TimeProvider.System;
        do
        {
            var start = time.GetTimestamp();
            try
            {
                using var reply = await _http.GetAsync(Path);
                if (!reply.IsSuccessStatusCode) _failed++;
            }
            catch (HttpRequestException)
            {
                _failed++;
            }

            _times.Add(time.GetElapsedTime(start));
            await Task.Delay(Pause, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!_stop.IsCancellationRequested);
    }
}
