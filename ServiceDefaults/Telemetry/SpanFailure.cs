using System.Diagnostics;

namespace AiPlatform.ServiceDefaults.Telemetry;

/// <summary>Marks spans of failed operations.</summary>
public static class SpanFailure
{
    extension(Activity activity)
    {
        /// <summary>Marks a span as failed.</summary>
        /// <param name="code">
        /// A word of a fixed set, such as an error's code; never a message, which may repeat what a caller wrote.
        /// </param>
        public void Fail(string code)
        {
            activity.SetStatus(ActivityStatusCode.Error);
            activity.SetTag("error.type", code);
        }
    }
}
