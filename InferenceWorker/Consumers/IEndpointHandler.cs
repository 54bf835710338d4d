using AiPlatform.Jobs;

namespace AiPlatform.InferenceWorker.Consumers;

/// <summary>Runs the jobs of one endpoint.</summary>
internal interface IEndpointHandler
{
    /// <summary>The route whose calls it runs, such as <c>/v1/embeddings</c>.</summary>
    string Endpoint { get; }

    /// <summary>
    /// Runs a job. What is wrong with the job itself is a failed outcome; what is thrown is the machine's fault or a bug.
    /// </summary>
    Task<JobOutcome> RunAsync(LeasedJob job, CancellationToken cancellationToken);
}
