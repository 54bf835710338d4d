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
