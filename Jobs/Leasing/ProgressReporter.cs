using System.Globalization;
using AiPlatform.Jobs.Telemetry;
using Microsoft.Extensions.Logging;

namespace AiPlatform.Jobs.Leasing;

/// <summary>Says in a job's log how far long work is, about once a second. What cannot be said is left out: the work goes on.</summary>
public sealed class ProgressReporter(IJobStore store, TimeProvider time, ILogger<ProgressReporter> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Returns when the work has ended; its result and its errors stay with it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="work">What is done for it.</param>
    /// <param name="unit"><c>rows</c> or <c>tokens</c>.</param>
    /// <param name="done">How many are done; read now and then, from another thread.</param>
    /// <param name="total">How many there will be; null when nobody knows.</param>
    public async Task ReportAsync(LeasedJob job, Task work, string unit, Func<int> done, int? total)
    {
        var said = 0;
        using var ended = new CancellationTokenSource();
        while (await Task.WhenAny(work, Task.Delay(Interval, time, ended.Token)) != work)
        {
            var now = done();
            if (now == said) continue;

            said = now;
            if (!await TrySayAsync(job, unit, now, total)) break;
        }

        // The last pause need not be waited out.
        await ended.CancelAsync();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <returns>False when nobody wants to know any more: the lease is lost.</returns>
    private async Task<bool> TrySayAsync(LeasedJob job, string unit, int done, int? total)
    {
        var of = total?.ToString(CultureInfo.InvariantCulture) ?? "null";
        var progress = string.Create(CultureInfo.InvariantCulture, $$"""{"unit":"{{unit}}","done":{{done}},"total":{{of}}}""");
        try
        {
            return await store.AppendAsync(job, [new JobEvent(0, JobEvent.Progress, progress)], CancellationToken.None);
        }
        catch (QueueUnavailableException outage)
        {
            Log.ProgressNotSaid(logger, job.Id, outage.Message);
            return true;
        }
    }
}
