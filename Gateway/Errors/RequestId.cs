using System.Diagnostics;

namespace AiPlatform.Gateway.Errors;

/// <summary>The id under which logs and traces know a request.</summary>
internal static class RequestId
{
    public const string Header = "x-request-id";

    public static string Of(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}
