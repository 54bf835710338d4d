using System.Globalization;
using AiPlatform.Jobs;

namespace AiPlatform.Gateway.Admission;

/// <summary>The headers of answers that are the same in every dialect.</summary>
internal static class CallHeaders
{
    public const string JobIdName = "X-Job-Id";
    public const string ModelName = "X-Model";
    public const string AttemptsName = "X-Attempts";

    /// <summary>Whether a route takes a body, which can be wrong in more ways than a path.</summary>
    public static bool HasBody(EndpointBuilder route) =>
        route.Metadata.OfType<IHttpMethodMetadata>().Any(methods => methods.HttpMethods.Contains(HttpMethods.Post));

    extension(HttpResponse response)
    {
        public void SetJobId(JobId id) => response.Headers[JobIdName] = id.ToString();

        /// <summary>A header is ASCII; a name that is not is percent-encoded.</summary>
        public void SetModel(string model) =>
            response.Headers[ModelName] = model.All(c => c is > ' ' and <= '~') ? model : Uri.EscapeDataString(model);

        /// <summary>How often a worker took the job.</summary>
        public void SetAttempts(int attempts) => response.Headers[AttemptsName] = attempts.ToString(CultureInfo.InvariantCulture);

        /// <summary><c>Retry-After</c> in whole seconds, where waiting helps.</summary>
        public void SetRetryAfter(InferenceError error)
        {
            if (error.RetryAfter is { } pause)
                response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(pause.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }
    }
}
