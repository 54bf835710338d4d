using System.Globalization;

namespace AiPlatform.Jobs;

/// <summary>
/// What the store knew of a job at its lease. Given back with the result, it lets the store write the finished job without reading it
/// again, as long as nothing has changed meanwhile.
/// </summary>
/// <param name="State">The job's state, as stored.</param>
/// <param name="Head">Its record's line without what is of use only until its end.</param>
/// <param name="Tenant">Who asked for it.</param>
/// <param name="Watcher">The Gateway that submitted it and waits; empty when none does.</param>
internal sealed record LeaseTicket(string State, string Head, string Tenant, string Watcher)
{
    /// <summary>Events that its log had; null when the state does not say.</summary>
    public int? Events => State.Split(' ', 6) is [_, _, _, _, var events, _]
        && int.TryParse(events, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;
}
