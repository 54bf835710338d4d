using System.Text.RegularExpressions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AiPlatform.ServiceDefaults.Loops;

/// <summary>
/// All background loops of this process, which are started only here. A loop that dies is logged, and ends liveness (<c>/alive</c> names
/// it) and the process, with exit code 1. A loop that waits for Redis degrades readiness, with the reason.
/// </summary>
public sealed partial class BackgroundLoops(IHostApplicationLifetime lifetime, TimeProvider time, ILogger<BackgroundLoops> logger)
{
    private readonly Lock _gate = new();
    private readonly List<BackgroundLoop> _all = [];
    private readonly Dictionary<BackgroundLoop, string> _troubles = [];

    /// <summary>The loops that run, and those that have died.</summary>
    public IReadOnlyList<BackgroundLoop> All
    {
        get
        {
            lock (_gate) return [.. _all];
        }
    }

    /// <summary>Starts a loop.</summary>
    /// <param name="name">Its name in logs and health checks.</param>
    /// <param name="interval">
    /// The time from the beginning of a turn to that of the next; zero when the turn itself waits for work.
    /// </param>
    /// <param name="turn">One turn. It ends soon after its token is canceled.</param>
    public BackgroundLoop Start(string name, TimeSpan interval, Func<BackgroundLoop, CancellationToken, Task> turn)
    {
        var loop = new BackgroundLoop(this, name, interval, turn, time);
        lock (_gate) _all.Add(loop);
        loop.Start();
        return loop;
    }

    internal void HasEnded(BackgroundLoop loop)
    {
        lock (_gate) _troubles.Remove(loop);
        if (loop.Death is not { } bug)
        {
            lock (_gate) _all.Remove(loop);
            return;
        }

        LogDied(logger, bug, loop.Name);
        lifetime.StopApplication();
    }

    /// <summary>
    /// When many loops, such as one for each model, have the same trouble, it is logged once: when the first loop gets it, and when the
    /// last one has recovered.
    /// </summary>
    internal void Troubled(BackgroundLoop loop, string? trouble)
    {
        LogLevel level;
        lock (_gate)
        {
            _troubles.Remove(loop, out var before);
            var kind = trouble is null ? before : QuotedName.Replace(trouble, "");
            level = _troubles.ContainsValue(kind!) ? LogLevel.Debug : trouble is null ? LogLevel.Information : LogLevel.Warning;
            if (trouble is not null) _troubles.Add(loop, kind!);
        }

        if (trouble is null) LogGoesOn(logger, level, loop.Name);
        else LogWaits(logger, level, loop.Name, trouble);
    }

    /// <summary>A script's name, which differs where the trouble is the same.</summary>
    [GeneratedRegex("'[^']*'")]
    private static partial Regex QuotedName { get; }

    [LoggerMessage(110, LogLevel.Critical,
        "The background loop '{Loop}' failed in a way that was not foreseen. The process ends, to be started again")]
    private static partial void LogDied(ILogger logger, Exception bug, string loop);

    [LoggerMessage(EventId = 111, Message = "The background loop '{Loop}' cannot do its work and tries again: {Reason}")]
    private static partial void LogWaits(ILogger logger, LogLevel level, string loop, string reason);

    [LoggerMessage(EventId = 112, Message = "The background loop '{Loop}' goes on")]
    private static partial void LogGoesOn(ILogger logger, LogLevel level, string loop);
}
