using System.Globalization;

namespace AiPlatform.Gateway.Errors;

/// <summary>The HTTP answer of an error in a dialect.</summary>
internal interface IErrorAnswer : IResult
{
    InferenceError Error { get; }
}

/// <summary>The headers of errors that are the same in every dialect.</summary>
internal static class RetryHeaders
{
    /// <summary>Read by OpenAI's SDKs: <c>false</c> for a call that a program should not send again.</summary>
    public const string ShouldRetryName = "x-should-retry";

    extension(HttpResponse response)
    {
        /// <summary><c>Retry-After</c> in whole seconds, where waiting helps.</summary>
        public void SetRetryAfter(InferenceError error)
        {
            if (error.RetryAfter is { } pause)
                response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(pause.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }
    }
}
