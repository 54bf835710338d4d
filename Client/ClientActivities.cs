using System.Diagnostics;

namespace AiPlatform.Client;

/// <summary>The spans of the client: of submitting a job, and of waiting for one. Its HTTP requests have spans of .NET's own.</summary>
internal static class ClientActivities
{
    public static readonly ActivitySource Source = new(AiPlatformClient.ActivitySourceName);
}
