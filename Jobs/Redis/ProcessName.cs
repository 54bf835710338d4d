using System.Security.Cryptography;

namespace AiPlatform.Jobs.Redis;

/// <summary>
/// Makes the name under which a process is known in Redis: it owns leases or waits for results, and has a channel of that name.
/// </summary>
public static class ProcessName
{
    /// <summary>Host, process id and random part, without blanks; another one at each call.</summary>
    public static string Make() =>
        $"{Environment.MachineName.Replace(' ', '-')}-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
}
