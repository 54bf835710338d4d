namespace AiPlatform.Tests.EndToEnd.Faults;

/// <summary>What is done to a running system.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL of a worker.</summary>
    KillWorker,

    /// <summary>SIGSTOP of a worker, SIGCONT after its leases have ended.</summary>
    StopWorker,

    /// <summary>SIGKILL of a Gateway.</summary>
    KillGateway,

    /// <summary>SIGKILL of Redis.</summary>
    KillRedis,

    /// <summary>SIGKILL of Redis, of whose append-only file the end of the last second is lost, as where the machine dies too.</summary>
    KillRedisAndLoseWrites,
}

/// <summary>One fault of a plan.</summary>
/// <param name="Pause">From the fault before it.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Victim">To which process of its kind, 0 or 1.</param>
/// <param name="Downtime">Until it is started again, or goes on.</param>
internal readonly record struct Fault(TimeSpan Pause, FaultKind Kind, int Victim, TimeSpan Downtime);
