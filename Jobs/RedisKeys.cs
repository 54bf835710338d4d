using StackExchange.Redis;

namespace AiPlatform.Jobs;

/// <summary>
/// Every key and channel in Redis, and every field. The scripts build the same names from their one key, <see cref="Base"/>.
/// <code>
/// ai:{QUEUE}:                 never written; the key that a script is given, whose hash tag decides the slot
/// ai:{QUEUE}:job:KEY          hash    the record of one job, fields below; expires ResultTtl after its end
/// ai:{QUEUE}:in:KEY           string  its body (JSON, UTF-8); deleted when it succeeds, else expires with the record
/// ai:{QUEUE}:out:KEY          string  its result; expires with the record
/// ai:{QUEUE}:queued           zset    KEY by time of submit (µs): the jobs that wait, oldest first
/// ai:{QUEUE}:delayed          zset    KEY by due time (ms): the jobs that wait for a retry
/// ai:{QUEUE}:leases           zset    KEY by end of the lease (ms): the jobs that run
/// ai:{QUEUE}:deadlines        zset    KEY by deadline (ms): the jobs that have not ended
/// ai:{QUEUE}:waiting          string  there while a worker wants more jobs than there were; the next submit rings and deletes it
/// ai:{QUEUE}:swept            string  there for a moment after a sweep, so that many processes sweep once
/// ai:{QUEUE}:doorbell         channel a job may be leased
/// ai:worker:NAME              channel jobs of this worker that were ended by somebody else: "QUEUE KEY ATTEMPT"
/// ai:gateway:NAME             channel jobs watched by this Gateway that ended: "QUEUE KEY STATUS ATTEMPT CONTENT-TYPE\nBYTES", the
///                                     bytes only when they are few; else the Gateway reads them
/// ai:{WORKERS}:seen           zset    worker by end of its heartbeat (ms)
/// ai:{WORKERS}:beats          hash    worker to its heartbeat (JSON)
/// ai:{WORKERS}:models         hash    model to its descriptor (JSON)
/// ai:{WORKERS}:models_seen    zset    model by the last heartbeat that named it (ms)
/// </code>
/// Fields of a job: <c>status</c>, <c>endpoint</c>, <c>model</c>, <c>tenant</c>, <c>lane</c>, <c>metadata</c> (JSON),
/// <c>traceparent</c>, <c>created</c>, <c>started</c>, <c>finished</c>, <c>deadline</c> (ms since 1970, Redis' clock), <c>place</c> (µs, its
/// score in <c>queued</c>), <c>attempt</c> (leases taken, the fencing token), <c>failures</c> and <c>lost</c> (failed runs and lost leases,
/// counted apart), <c>owner</c> (worker that holds it), <c>watch</c> (Gateways to tell, separated by blanks), <c>error</c> (JSON),
/// <c>usage</c> (JSON), <c>output_type</c>.
/// <para>Queue names are lower case, so that <c>WORKERS</c> is never one.</para>
/// </summary>
public static class RedisKeys
{
    /// <summary>The one key a queue's scripts are given.</summary>
    public static RedisKey Base(QueueName queue) => $"ai:{{{queue}}}:";

    /// <summary>The one key the scripts about workers are given.</summary>
    public static RedisKey WorkersBase { get; } = "ai:{WORKERS}:";

    public static RedisChannel Doorbell(QueueName queue) => Literal($"ai:{{{queue}}}:doorbell");

    public static RedisChannel Worker(string name) => Literal($"ai:worker:{name}");

    public static RedisChannel Gateway(string name) => Literal($"ai:gateway:{name}");

    private static RedisChannel Literal(string name) => new(name, RedisChannel.PatternMode.Literal);
}
