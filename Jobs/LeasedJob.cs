using System.Globalization;

namespace AiPlatform.Jobs;

/// <summary>A job that this process may run until its lease ends, with its payload.</summary>
public sealed record LeasedJob
{
    public required JobId Id { get; init; }

    /// <summary>1 for the first lease; what is written with an older number is refused (fencing token).</summary>
    public required int Attempt { get; init; }

    /// <summary>Who asked for it.</summary>
    public string Tenant { get; init; } = Tenants.Anonymous;

    public required string Endpoint { get; init; }
    public required string Model { get; init; }

    /// <summary>The JSON of the synchronous call, UTF-8.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Time left until the job expires, at the moment of the lease by Redis' clock.</summary>
    public required TimeSpan TimeLeft { get; init; }

    /// <summary>Time from its submit to this lease.</summary>
    public required TimeSpan Waited { get; init; }

    /// <summary>W3C trace context of the call that submitted it, or null.</summary>
    public string? Traceparent { get; init; }

    /// <summary>What the store gave with it; null when it did not come from the store.</summary>
    internal LeaseTicket? Ticket { get; init; }
}

/// <summary>
/// What the store knew of a job at its lease. Given back with the result, it lets the store write the finished job without reading it
/// again, as long as nothing has changed meanwhile.
/// </summary>
/// <param name="State">The job's state, as stored.</param>
/// <param name="Head">Its record's line without what is of use only until its end.</param>
/// <param name="Tenant">Who asked for it.</param>
/// <param name="Watcher">The Gateway that submitted it and waits; empty when none does.</param>
/// <param name="CountedBytes">What counts against its tenant's limit of bytes: its record, and the result that is expected.</param>
internal sealed record LeaseTicket(string State, string Head, string Tenant, string Watcher, long CountedBytes)
{
    /// <summary>Events that its log had; null when the state does not say.</summary>
    public int? Events => State.Split(' ', 6) is [_, _, _, _, var events, _]
        && int.TryParse(events, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;
}

/// <summary>Why a running job was stopped before it had a result.</summary>
public enum StopReason
{
    /// <summary>It was not stopped.</summary>
    None,

    /// <summary>The job is no longer ours: it was canceled, expired, or leased to another process. Its result is not wanted.</summary>
    NotOurs,

    /// <summary>Its deadline has passed.</summary>
    DeadlinePassed,

    /// <summary>The process stops, and the time to finish is up: the job goes back to the queue.</summary>
    ShuttingDown,
}
