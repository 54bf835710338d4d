using System.Runtime.CompilerServices;
using AiPlatform.Gateway.Telemetry;

namespace AiPlatform.Gateway.Results.Following;

/// <summary>Follows a job's events from any number to the job's end, even if another Gateway accepted the job.</summary>
internal sealed class JobFollowing(
    IJobStore store, FollowedJobs followers, FollowLooks looks, GatewayName name, TimeProvider time, ILogger<JobFollowing> logger)
{
    private static readonly TimeSpan OutagePause = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Returns the events after a number, then further events as they happen, until the job has ended and all its events were returned.
    /// Returns nothing when the job does not exist. While a long log is read, pages may come whose job has already ended. During an outage
    /// of Redis it waits.
    /// </summary>
    /// <param name="id">The job.</param>
    /// <param name="after">The number of the last event that the reader has seen; 0 for all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="QueueUnavailableException">Redis does not serve at the beginning.</exception>
    public async IAsyncEnumerable<EventPage> FollowAsync(JobId id, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The follower is registered before Redis notes this Gateway, because events may arrive right afterwards.
        using var follower = followers.Register(id);
        JobLog? log = null;
        while (true)
        {
            log = await ReadAsync(id, after, isFirst: log is null, cancellationToken);
            if (log is null) yield break;

            var page = EventPage.Of(log, after);
            if (page.Events.Count > 0) after = page.Events[^1].Sequence;
            if (page.Events.Count > 0 || page.HasEnded) yield return page;
            if (page.HasEnded) yield break;
            if (!log.IsWhole) continue;

            // From here on events are passed on without a read, as long as none is missing.
            if (follower.Job.Know(log.Job, after, time.GetTimestamp())) looks.LookSoon(follower.Job);
            while (await follower.NextAsync(cancellationToken) is (IsWhole: true, var told))
            {
                if (told is null) yield break;
                List<JobEvent> news = [.. told.Events.Where(one => one.Sequence > after)];
                if (news.Count > 0)
                {
                    if (news[0].Sequence != after + 1) break;
                    after = news[^1].Sequence;
                }

                if (news.Count > 0 || told.HasEnded) yield return told with { Events = news };
                if (told.HasEnded) yield break;
            }
        }
    }

    private async Task<JobLog?> ReadAsync(JobId id, long after, bool isFirst, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await store.ReadLogAsync(id, after, name.Value, cancellationToken);
            }
            catch (QueueUnavailableException outage) when (!isFirst)
            {
                Log.LookUpAway(logger, outage.Message);
                await Task.Delay(OutagePause, time, cancellationToken);
            }
        }
    }
}
