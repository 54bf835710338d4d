using System.Diagnostics;

namespace AiPlatform.Gateway.Errors;

/// <summary>The id of a request in logs and traces.</summary>
internal static class RequestId
{
    public const string Header = "x-request-id";

    public static string Of(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}
