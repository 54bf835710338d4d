using Microsoft.Extensions.Hosting;

namespace AiPlatform.ServiceDefaults.Loops;

/// <summary>A hosted service that is one background loop, named after its type.</summary>
public abstract class LoopService(BackgroundLoops loops) : IHostedService
{
    private BackgroundLoop? _loop;

    protected BackgroundLoops Loops => loops;

    /// <summary>The time from the beginning of a turn to that of the next; zero when the turn itself waits for work.</summary>
    protected virtual TimeSpan Interval => TimeSpan.Zero;

    public virtual Task StartAsync(CancellationToken cancellationToken)
    {
        _loop = loops.Start(GetType().Name, Interval, TurnAsync);
        return Task.CompletedTask;
    }

    public virtual async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_loop is not null) await _loop.StopAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>One turn; see <see cref="BackgroundLoops.Start"/>.</summary>
    protected abstract Task TurnAsync(BackgroundLoop loop, CancellationToken stoppingToken);
}
