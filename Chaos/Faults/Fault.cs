namespace AiPlatform.Chaos.Faults;

/// <summary>What is done to a running system.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL of a worker.</summary>
    KillWorker,

    /// <summary>SIGSTOP of a worker, SIGCONT after its leases have ended.</summary>
    StopWorker,

    /// <summary>Nothing passes between a worker and Redis for twice the lease, and nothing is closed: what it sent arrives late.</summary>
    CutWorker,

    /// <summary>A worker's connections to Redis are reset, and new ones refused, for twice the lease.</summary>
    ResetWorker,

    /// <summary>Redis is gone for a worker, whose connections stay open and silent.</summary>
    HalfOpenWorker,

    /// <summary>SIGKILL of a Gateway.</summary>
    KillGateway,

    /// <summary>SIGKILL of Redis; of a cluster, of one of its servers.</summary>
    KillRedis,

    /// <summary>SIGKILL of Redis, of whose append-only file the end of the last second is lost, as where the machine dies too.</summary>
    KillRedisAndLoseWrites,

    /// <summary>Redis becomes a replica (of nobody who answers), and is promoted again.</summary>
    MakeRedisReplica,

    /// <summary>Redis is full: <c>maxmemory</c> is below what it holds.</summary>
    FillRedis,

    /// <summary>Redis forgets all scripts.</summary>
    ForgetScripts,

    /// <summary>A script of somebody else does not end, until it is killed: Redis answers nothing, then <c>BUSY</c>.</summary>
    HoldScript,

    /// <summary>SIGKILL of the primary of a pair; its replica is promoted, and it comes back as the replica.</summary>
    FailOver,

    /// <summary>Primary and replica of a pair change places in good order.</summary>
    SwapPair,

    /// <summary>The clock of Redis' machine is set some minutes forward, back, or right again.</summary>
    StepClock,
}

/// <summary>One fault of a plan.</summary>
/// <param name="Pause">From the fault before it.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Victim">To which process of its kind, 0 or 1.</param>
/// <param name="Downtime">Until it is started again, or goes on.</param>
internal readonly record struct Fault(TimeSpan Pause, FaultKind Kind, int Victim, TimeSpan Downtime);
