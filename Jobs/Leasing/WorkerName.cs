namespace AiPlatform.Jobs.Leasing;

/// <summary>The unique name of this process as one that leases jobs; see <see cref="ProcessName"/>.</summary>
public sealed record WorkerName(string Value);
