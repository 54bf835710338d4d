using AiPlatform.Jobs.Redis;

namespace AiPlatform.Gateway.Results;

/// <summary>The unique name of this process as one that waits for jobs: jobs note it; see <see cref="ProcessName"/>.</summary>
internal sealed record GatewayName(string Value);
