using System.Globalization;
using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Jobs.Leasing;

/// <summary>Makes the sinks of this process' jobs.</summary>
public sealed class JobSinks(IJobStore store, TimeProvider time, ILogger<JobSink> logger)
{
    public JobSink For(LeasedJob job) => new(job, store, time, logger);
}

/// <summary>Takes what a job says while it runs: how far it is, about once a second.</summary>
public sealed class JobSink
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly LeasedJob _job;
    private readonly IJobStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger<JobSink> _logger;

    internal JobSink(LeasedJob job, IJobStore store, TimeProvider time, ILogger<JobSink> logger)
    {
        (_job, _store, _time, _logger) = (job, store, time, logger);
    }

    /// <summary>
    /// Says how far long work is, and returns when it has ended; its result and its errors stay with it. What cannot be said is left out:
    /// the work goes on.
    /// </summary>
    /// <param name="work">What is done for the job.</param>
    /// <param name="unit"><c>rows</c> or <c>tokens</c>.</param>
    /// <param name="done">How many are done; read now and then, from another thread.</param>
    /// <param name="total">How many there will be; null when nobody knows.</param>
    public async Task ReportWhileAsync(Task work, string unit, Func<int> done, int? total)
    {
        var said = 0;
        using var ended = new CancellationTokenSource();
        while (await Task.WhenAny(work, Task.Delay(Interval, _time, ended.Token)) != work)
        {
            var now = done();
            if (now == said) continue;

            said = now;
            if (!await TrySayAsync(unit, now, total)) break;
        }

        // The last pause need not be waited out.
        await ended.CancelAsync();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <returns>False when nobody wants to know any more: the lease is lost.</returns>
    private async Task<bool> TrySayAsync(string unit, int done, int? total)
    {
        var of = total?.ToString(CultureInfo.InvariantCulture) ?? "null";
        var progress = string.Create(CultureInfo.InvariantCulture, $$"""{"unit":"{{unit}}","done":{{done}},"total":{{of}}}""");
        try
        {
            return await _store.AppendAsync(_job, [new JobEvent(0, JobEvent.Progress, progress)], CancellationToken.None);
        }
        catch (QueueUnavailableException outage)
        {
            Log.ProgressNotSaid(_logger, _job.Id, outage.Message);
            return true;
        }
    }
}
