using System.Security.Cryptography;

namespace AiPlatform.Jobs.Leasing;

/// <summary>The unique name of this process: it owns leases, and has a channel of this name.</summary>
public sealed record WorkerName(string Value)
{
    /// <summary>Host, process id and random part, without blanks.</summary>
    public static WorkerName ForThisProcess() =>
        new($"{Environment.MachineName.Replace(' ', '-')}-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}");

    public override string ToString() => Value;
}
