using StackExchange.Redis;

namespace AiPlatform.Jobs.Redis;

/// <summary>
/// Every key and channel in Redis. The scripts build the same names from their one key, <see cref="Base"/>. LANE is <c>i</c>,
/// <c>d</c> or <c>b</c>; KEY is <see cref="JobId.Key"/>; QUEUE is <see cref="QueueName.Value"/>; times are by Redis' clock.
/// <code>
/// ai:{QUEUE}:                    never written; the key that a script is given, whose hash tag decides the slot
/// ai:{QUEUE}:job:KEY             string  a job's record, see below; expires ResultTtl (a dead letter: DeadLetterTtl) after its end
/// ai:{QUEUE}:state               hash    KEY to the state of a job that was leased and has not ended, see below
/// ai:{QUEUE}:events:KEY          stream  what a running job said, "NUMBER-1": kind, data; expires EventsTtl after its end
/// ai:{QUEUE}:progress            hash    KEY to how far a job is that says so and has not ended (JSON)
/// ai:{QUEUE}:line:LANE:TENANT    zset    KEY by time of submit (µs): the jobs of a tenant that wait in a lane
/// ai:{QUEUE}:lane:LANE           zset    TENANT by the start tag of its first job: the tenants that wait in a lane
/// ai:{QUEUE}:fair:LANE           hash    TENANT to its tag, of those that do not wait now; '' to the tag of the job leased last
/// ai:{QUEUE}:passed              hash    LANE to how often in a row another lane was served while jobs waited in it
/// ai:{QUEUE}:delayed             zset    KEY by due time (ms): the jobs that wait for a retry
/// ai:{QUEUE}:alone               zset    KEY by time of submit (µs): the jobs that wait and must run alone
/// ai:{QUEUE}:emptied             string  the worker that becomes idle for a job that must run alone
/// ai:{QUEUE}:leases              zset    KEY by end of the lease (ms): the jobs that run
/// ai:{QUEUE}:deadlines           zset    KEY by deadline (ms): the jobs that have not ended
/// ai:{QUEUE}:dead                zset    KEY by time of its end (ms): the dead letters
/// ai:{QUEUE}:broken              stream  jobs that could not be read, as they were: job, tenant, why, kind, record, state
/// ai:{QUEUE}:broken_sizes        list    the bytes of each of those
/// ai:{QUEUE}:running             hash    TENANT to how many of its jobs run
/// ai:{QUEUE}:jobs:TENANT         zset    KEY, all with score 0: the tenant's jobs, whose keys sort by time
/// ai:{QUEUE}:bytes:TENANT        hash    SLOT (its end, ms) to bytes of the tenant's records that are gone by then; '' to the sum; see
///                                        bytes.lua
/// ai:{QUEUE}:bytes               zset    "SLOT TENANT" by the slot's end (ms): the slots that there are
/// ai:{QUEUE}:tenants             set     the tenants that have such a list
/// ai:{QUEUE}:watch               hash    KEY to the Gateways (separated by blanks) that came later than its submit and wait for its end
/// ai:{QUEUE}:follow              hash    KEY to the Gateways that show its events
/// ai:{QUEUE}:drained:SLICE       string  jobs that ended in a slice of 5 s; expires
/// ai:{QUEUE}:paused              string  there while nothing may be leased
/// ai:{QUEUE}:waiting             string  there while a worker wants more jobs than there were; the next submit rings and deletes it
/// ai:{QUEUE}:offers              hash    worker to "1 HELD ROOM LEASE MOST UNTIL HANDED AT": it runs HELD jobs of the queue, and a submit
///                                        may lease ROOM more to it for LEASE ms, but no tenant more than MOST at a time (0: no limit);
///                                        not after UNTIL (ms). HANDED jobs were sent to it, the last ones AT (ms). The 1 is the version
///                                        of the records that it reads. Expires with the last offer
/// ai:{QUEUE}:swept               string  there for a moment after a sweep, so that many processes sweep once
/// ai:{QUEUE}:doorbell            channel a job may be leased
/// ai:worker:NAME                 channel a job of this worker that another process ended: "QUEUE KEY ATTEMPT"; or jobs that a submit has
///                                        leased to it: "leased QUEUE NOW\n", then of each "KEY LENGTH LENGTH\n", its state and record
/// ai:gateway:NAME                channel "ended QUEUE\n", then of each job "KEY WHOLE LENGTH\n" and LENGTH bytes of its record (WHOLE 0:
///                                        without its content, which is large); or "changed QUEUE KEY\n": it has a new status; or
///                                        "events QUEUE\n", then of each job "KEY NUMBER COUNT\n" and "KIND DATA\n" of so many events
///                                        from that number on
/// ai:{TENANT.NAME}:IDEMPOTENCY   string  "JOB-ID FINGERPRINT": the job that a tenant's idempotency key is claimed for; expires
/// ai:{USAGE.NAME}:DAY            hash    "MEASURE MODEL" (requests, failed, input, output) to a tenant's sum of a day (yyyy-MM-dd, UTC);
///                                        expires
/// ai:{USAGE.NAME}:minute:KEY     hash    "rSLICE" and "tSLICE" to the requests and tokens of a slice of 5 s that count in the limits of a
///                                        tenant (KEY empty) or of its key; expires
/// ai:{USAGE.NAME}:calls:KEY      zset    HOLD by the end of its slot (ms): the calls that are under way, see limits.lua; expires
/// ai:{USAGE.NAME}:held           hash    HOLD to "TOKENS SLICE KEY": what a call may take, with '+' before it once it is what the call
///                                        took; '' to the sum of these tokens, ' ' to that of those with '+'; expires with the next one
/// ai:{USAGE.NAME}:holds          zset    HOLD by the time at which it is dropped (ms); expires
/// ai:{USAGE.NAME}:sums           hash    a day (yyyy-MM-dd) or a month (yyyy-MM) to the tokens that were used in it, once a budget was
///                                        asked for; expires
/// ai:{USAGE.NAME}:written:WRITER string  the number of the last write that a process has added to a tenant's usage; expires
/// ai:{ANSWERS.NAME}:FINGERPRINT  string  a provider's answer to a tenant's request; expires
/// ai:{WORKERS}:seen              zset    worker by end of its heartbeat (ms)
/// ai:{WORKERS}:beats             hash    worker to its heartbeat (JSON)
/// ai:{WORKERS}:models            hash    model to its descriptor (JSON)
/// ai:{WORKERS}:models_seen       zset    model by the last heartbeat that named it (ms)
/// </code>
/// A record is one line, followed by the content: the body (JSON, UTF-8) until the job succeeds, then its result; nothing if it failed
/// because of the body. The line's fields have a tab between: version (1), created (ms), deadline (ms), lane, cost, tenant, endpoint; then
/// named ones, each there only if it has a value: <c>b=</c> bytes that its result is expected to take, <c>l=</c> the hold of the tokens
/// that it may take, where its tenant has limits, and <c>k=</c> these tokens, <c>m=</c> metadata (JSON), <c>t=</c> traceparent; until it
/// ends <c>w=</c> the Gateway that submitted it and waits; from its end on <c>s=</c> status, <c>a=</c> attempts, <c>h=</c> history (see
/// <see cref="JobHistory"/>), <c>u=</c> usage (JSON), <c>o=</c> the result's content type, <c>e=</c> error (JSON),
/// <c>p=</c> progress (JSON). Readers ignore unknown names.
/// <para>
/// A state has blanks between: <c>r</c> (runs) or <c>q</c> (waits), attempt (leases taken, the fencing token), failed runs, lost leases,
/// events so far, tenant, worker or <c>-</c>, many blanks (they keep the hash a table), and the history, which has blanks itself.
/// </para>
/// <para>Queue names are lower case, so that <c>WORKERS</c>, <c>TENANT.</c>, <c>USAGE.</c> and <c>ANSWERS.</c> are never one.</para>
/// </summary>
public static class RedisKeys
{
    /// <summary>The one key that the scripts of a queue get.</summary>
    public static RedisKey Base(QueueName queue) => $"ai:{{{queue}}}:";

    /// <summary>The one key that the scripts of a tenant's idempotency keys get.</summary>
    public static RedisKey TenantBase(string tenant) => $"ai:{{TENANT.{tenant}}}:";

    /// <summary>The one key that the scripts of a tenant's usage get.</summary>
    public static RedisKey UsageBase(string tenant) => $"ai:{{USAGE.{tenant}}}:";

    /// <summary>The one key that the scripts of cached answers get.</summary>
    public static RedisKey AnswersBase(string tenant) => $"ai:{{ANSWERS.{tenant}}}:";

    /// <summary>The one key that the scripts of workers get.</summary>
    public static RedisKey WorkersBase { get; } = "ai:{WORKERS}:";

    public static RedisChannel Doorbell(QueueName queue) => Literal($"ai:{{{queue}}}:doorbell");

    public static RedisChannel Worker(string name) => Literal($"ai:worker:{name}");

    public static RedisChannel Gateway(string name) => Literal($"ai:gateway:{name}");

    private static RedisChannel Literal(string name) => new(name, RedisChannel.PatternMode.Literal);
}
