using System.Globalization;
using System.Text;
using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Jobs.Leasing;

/// <summary>Makes the sinks of this process' jobs.</summary>
public sealed class JobSinks(IJobStore store, TimeProvider time, ILogger<JobSink> logger)
{
    public JobSink For(LeasedJob job) => new(job, store, time, logger);
}

/// <summary>The result of writing a piece of output.</summary>
public enum SinkState
{
    /// <summary>The piece was accepted; the run continues.</summary>
    Open,

    /// <summary>The lease is lost; further output would be refused.</summary>
    Lost,

    /// <summary>The piece was refused, because the job has reached its limit of output.</summary>
    Full,
}

/// <summary>
/// Collects the output of a running job as it comes, and its progress about once a second. Pieces that arrive while a call to Redis is in
/// flight go with the next call, together with the output of other jobs. A writer that is faster than Redis has to wait. Only one writer at
/// a time; flush the sink before the job ends.
/// </summary>
public sealed class JobSink : IDisposable
{
    /// <summary>Most bytes of all output of a job.</summary>
    public const int MaxOutputBytes = 16 * 1024 * 1024;

    /// <summary>Most bytes that wait; a writer waits until these have been sent.</summary>
    private const int MaxWaitingBytes = 64 * 1024;

    /// <summary>Most events of a job in one call, so that a script does not hold Redis for long.</summary>
    private const int MostSent = 128;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OutagePause = TimeSpan.FromMilliseconds(250);

    private readonly LeasedJob _job;
    private readonly IJobStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger<JobSink> _logger;
    private readonly Lock _gate = new();
    private readonly List<JobEvent> _waiting = [];
    private Task _sending = Task.CompletedTask;
    private int _waitingBytes;
    private long _outputBytes;
    private int? _known;
    private volatile bool _isLost;
    private volatile bool _isDisposed;
    private bool _isClosing;
    private bool _hasSent;

    internal JobSink(LeasedJob job, IJobStore store, TimeProvider time, ILogger<JobSink> logger)
    {
        (_job, _store, _time, _logger) = (job, store, time, logger);
    }

    /// <summary>
    /// The pieces of output that earlier attempts have written, in order. Clients that stream the job have received them, or will. To be
    /// called before anything is written.
    /// </summary>
    public async Task<IReadOnlyList<string>> SaidBeforeAsync(CancellationToken cancellationToken)
    {
        List<string> said = [];
        if (_job.Attempt == 1) return said;

        for (long after = 0; await ReadLogAsync(after, cancellationToken) is { Events.Count: > 0 } log; after = log.Events[^1].Sequence)
        {
            said.AddRange(log.Events.Where(one => one.Kind == JobEvent.Output).Select(one => one.Data));
            if (log.IsWhole) break;
        }

        _outputBytes = said.Sum(piece => (long)Encoding.UTF8.GetByteCount(piece));
        return said;
    }

    /// <summary>Adds pieces of output to the job's log, from which they are shown at once; all of them or none.</summary>
    /// <param name="pieces">The pieces, each as JSON on one line.</param>
    public async ValueTask<SinkState> WriteAsync(params IReadOnlyList<string> pieces)
    {
        if (_isLost) return SinkState.Lost;
        var bytes = 0;
        foreach (var piece in pieces) bytes += Encoding.UTF8.GetByteCount(piece);
        if (_outputBytes + bytes > MaxOutputBytes) return SinkState.Full;

        _outputBytes += bytes;
        Task? sending;
        lock (_gate)
        {
            foreach (var piece in pieces) _waiting.Add(new JobEvent(0, JobEvent.Output, piece));
            _waitingBytes += bytes;
            SendNeedsLock();
            sending = _waitingBytes > MaxWaitingBytes ? _sending : null;
        }

        if (sending is not null) await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _isLost ? SinkState.Lost : SinkState.Open;
    }

    /// <summary>
    /// Reports the progress of long work, and returns when the work has ended. The result and the errors stay in the work's task. A report
    /// that fails is left out, and the work continues.
    /// </summary>
    /// <param name="work">The work for the job.</param>
    /// <param name="unit"><c>rows</c> or <c>tokens</c>.</param>
    /// <param name="done">How many are done; called from another thread from time to time.</param>
    /// <param name="total">How many there will be; null when unknown.</param>
    public async Task ReportWhileAsync(Task work, string unit, Func<int> done, int? total)
    {
        var said = 0;
        using var ended = new CancellationTokenSource();
        while (!_isLost && await Task.WhenAny(work, Task.Delay(ProgressInterval, _time, ended.Token)) != work)
        {
            var now = done();
            if (now == said) continue;

            said = now;
            var of = total?.ToString(CultureInfo.InvariantCulture) ?? "null";
            var progress = string.Create(CultureInfo.InvariantCulture, $$"""{"unit":"{{unit}}","done":{{now}},"total":{{of}}}""");
            lock (_gate)
            {
                // Only the latest progress is worth sending.
                _waiting.RemoveAll(one => one.Kind == JobEvent.Progress);
                _waiting.Add(new JobEvent(0, JobEvent.Progress, progress));
                SendNeedsLock();
            }
        }

        // Ends the last pause early.
        await ended.CancelAsync();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Waits until all output is in the job's log; progress that Redis does not accept now is left out.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        Task sending;
        lock (_gate)
        {
            _isClosing = true;
            sending = _sending;
        }

        await sending.WaitAsync(cancellationToken);
    }

    /// <summary>Drops what Redis has not accepted.</summary>
    public void Dispose() => _isDisposed = true;

    private async Task<JobLog?> ReadLogAsync(long after, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await _store.ReadLogAsync(_job.Id, after, follower: null, cancellationToken);
            }
            catch (QueueUnavailableException outage)
            {
                Log.ProgressNotSaid(_logger, _job.Id, outage.Message);
                await Task.Delay(OutagePause, _time, cancellationToken);
            }
        }
    }

    /// <summary>Sends what waits, unless something is on its way: then it goes behind that. Only the first call is made here.</summary>
    private void SendNeedsLock()
    {
        if (_sending.IsCompleted) _sending = SendAllAsync();
    }

    private async Task SendAllAsync()
    {
        while (Next() is { Count: > 0 } events)
        {
            while (!await TrySendAsync(events))
            {
                if (_isDisposed || MayBeLeftOut(events)) return;
                await Task.Delay(OutagePause, _time);
            }

            if (_isLost) return;
        }
    }

    private bool MayBeLeftOut(List<JobEvent> events)
    {
        lock (_gate) return _isClosing && events.Concat(_waiting).All(one => one.Kind == JobEvent.Progress);
    }

    private List<JobEvent> Next()
    {
        lock (_gate)
        {
            List<JobEvent> next = [.. _waiting.Take(MostSent)];
            _waiting.RemoveRange(0, next.Count);
            _waitingBytes = _waiting.Sum(one => one.Data.Length);
            // A later writer starts a new sending task, because it also holds the lock.
            if (next.Count == 0) _sending = Task.CompletedTask;
            return next;
        }
    }

    /// <summary>False when Redis does not serve. The same events are then sent again, and are added only once.</summary>
    private async Task<bool> TrySendAsync(List<JobEvent> events)
    {
        if (!_hasSent) (_known, _hasSent) = (_job.Ticket?.Events, true);
        try
        {
            _isLost = !await _store.AppendAsync(_job, events, _known, CancellationToken.None);
            _known += events.Count;
            return true;
        }
        catch (QueueUnavailableException outage)
        {
            Log.ProgressNotSaid(_logger, _job.Id, outage.Message);
            return false;
        }
    }
}
