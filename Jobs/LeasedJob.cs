using System.Globalization;

namespace AiPlatform.Jobs;

/// <summary>A job that this process may run until its lease ends, with its payload.</summary>
public sealed record LeasedJob
{
    public required JobId Id { get; init; }

    /// <summary>The fencing token: 1 for the first lease; writes with an older number are refused.</summary>
    public required int Attempt { get; init; }

    /// <summary>The tenant that asked for it.</summary>
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

    /// <summary>The hold of the tokens that it may take; null when its tenant had no limit of tokens.</summary>
    public string? Hold { get; init; }

    /// <summary>The store's ticket for it; null when the job did not come from the store.</summary>
    internal LeaseTicket? Ticket { get; init; }
}

/// <summary>
/// The stored state of a job at its lease. When it is passed back with the result, the store can write the finished job without reading it
/// again, if nothing has changed in the meantime.
/// </summary>
/// <param name="State">The job's state, as stored.</param>
/// <param name="Head">The line of its record without the fields that are needed only until its end.</param>
/// <param name="Tenant">The tenant that asked for it.</param>
/// <param name="Watcher">The Gateway that submitted it and waits; empty when none waits.</param>
/// <param name="CountedBytes">Bytes that count against its tenant's limit: the record and the expected result.</param>
internal sealed record LeaseTicket(string State, string Head, string Tenant, string Watcher, long CountedBytes)
{
    /// <summary>Number of events in its log; null when the state does not have it.</summary>
    public int? Events => State.Split(' ', 6) is [_, _, _, _, var events, _]
        && int.TryParse(events, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;
}

/// <summary>Why a running job was stopped before it had a result.</summary>
public enum StopReason
{
    /// <summary>It was not stopped.</summary>
    None,

    /// <summary>
    /// This process has lost the job: it was canceled, has expired, or was leased to another process. Its result would be refused.
    /// </summary>
    NotOurs,

    /// <summary>Its deadline has passed.</summary>
    DeadlinePassed,

    /// <summary>The process stops, and the drain timeout has passed: the job goes back to the queue.</summary>
    ShuttingDown,
}
