using System.Security.Cryptography;

namespace AiPlatform.Gateway.Results;

/// <summary>The unique name of this process: jobs note it as who waits for them, and it has a channel of this name.</summary>
internal sealed record GatewayName(string Value)
{
    /// <summary>Host, process id and random part, without blanks.</summary>
    public static GatewayName ForThisProcess() =>
        new($"{Environment.MachineName.Replace(' ', '-')}-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}");

    public override string ToString() => Value;
}
