using System.Security.Cryptography;

namespace AiPlatform.Jobs.Redis;

/// <summary>
/// Makes the name of a process in Redis. The process owns leases or waits for results under this name, and listens on a channel of this
/// name.
/// </summary>
public static class ProcessName
{
    /// <summary>Host, process id and a random part, without blanks. Each call makes another name.</summary>
    public static string Make() =>
        $"{Environment.MachineName.Replace(' ', '-')}-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
}
