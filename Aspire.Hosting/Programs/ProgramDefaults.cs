#pragma warning disable ASPIREPROBES001 // For evaluation in this version; nothing else brings probes into a deployment.
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace AiPlatform.Hosting.Programs;

/// <summary>What both programs have, as projects and as containers.</summary>
internal static class ProgramDefaults
{
    /// <summary>The variable of OpenTelemetry's conventions.</summary>
    private const string MessageContent = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    extension<T>(IResourceBuilder<T> program)
        where T : IResourceWithEndpoints, IResourceWithProbes, IResourceWithEnvironment
    {
        public IResourceBuilder<T> AsGateway() => program.WithProbes().WithMessageContent().WithGatewayLinks();

        public IResourceBuilder<T> AsWorker() => program.WithProbes().WithMessageContent().WithWorkerLinks();

        /// <summary>
        /// Adds the probes for readiness and liveness that <c>docs/operations.md</c> describes. The limits are generous: a model may use
        /// every core for a second, and restarting a busy worker only makes it slower.
        /// </summary>
        private IResourceBuilder<T> WithProbes() => program
            // Without the endpoint's name the probe for Kubernetes would use https.
            .WithHttpProbe(
                ProbeType.Readiness, "/health", periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3,
                endpointName: AiPlatformResource.EndpointName)
            .WithHttpProbe(
                ProbeType.Liveness, "/alive", periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6,
                endpointName: AiPlatformResource.EndpointName);

        /// <summary>
        /// Passes on whether traces have the text of prompts and answers. The programs heed it only in Development.
        /// </summary>
        private IResourceBuilder<T> WithMessageContent() =>
            program.ApplicationBuilder is { ExecutionContext.IsRunMode: true, Configuration: var configuration }
            && configuration[MessageContent] is { Length: > 0 } wanted
                ? program.WithEnvironment(MessageContent, wanted) : program;
    }
}
