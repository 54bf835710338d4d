namespace AiPlatform.Chaos.Faults;

/// <summary>The kind of a fault in a running system.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL of a worker.</summary>
    KillWorker,

    /// <summary>SIGSTOP of a worker, SIGCONT after its leases have ended.</summary>
    StopWorker,

    /// <summary>
    /// Nothing passes between a worker and Redis for twice the lease, and no connection is closed: data that was sent arrives late.
    /// </summary>
    CutWorker,

    /// <summary>A worker's connections to Redis are reset, and new ones refused, for twice the lease.</summary>
    ResetWorker,

    /// <summary>Redis is gone for a worker, whose connections stay open and silent.</summary>
    HalfOpenWorker,

    /// <summary>SIGKILL of a Gateway.</summary>
    KillGateway,

    /// <summary>SIGKILL of Redis; in a cluster, of one of its servers.</summary>
    KillRedis,

    /// <summary>SIGKILL of Redis, whose append-only file loses its last second, as when the machine dies, too.</summary>
    KillRedisAndLoseWrites,

    /// <summary>Redis becomes a replica (of a server that does not exist), and is promoted again.</summary>
    MakeRedisReplica,

    /// <summary>Redis is full: <c>maxmemory</c> is below what it holds.</summary>
    FillRedis,

    /// <summary>Redis forgets all scripts.</summary>
    ForgetScripts,

    /// <summary>Another program's script runs until it is killed: Redis answers nothing, then <c>BUSY</c>.</summary>
    HoldScript,

    /// <summary>SIGKILL of the primary of a pair: its replica is promoted, and the killed server comes back as the replica.</summary>
    FailOver,

    /// <summary>A planned failover swaps primary and replica of a pair.</summary>
    SwapPair,

    /// <summary>The clock of Redis' machine is set some minutes forward, back, or right again.</summary>
    StepClock,
}

/// <summary>One fault of a plan.</summary>
/// <param name="Pause">The time since the previous fault.</param>
/// <param name="Kind">The kind of fault.</param>
/// <param name="Victim">The index of the affected process among those of its kind, 0 or 1.</param>
/// <param name="Downtime">The time until the process is started again or continues.</param>
internal readonly record struct Fault(TimeSpan Pause, FaultKind Kind, int Victim, TimeSpan Downtime);
