using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>A model that is loaded and warm, and runs jobs on threads of its own.</summary>
internal interface ILoadedModel
{
    ModelManifest Manifest { get; }

    /// <summary>Jobs that a process leases for it at a time: enough that its device never waits for Redis.</summary>
    int Capacity { get; }

    /// <summary>Jobs of these that it has room for now, beside those that run; asked before each lease.</summary>
    int Room => Capacity;

    /// <summary>Completes when its device threads have ended: after <see cref="Stop"/>, or with the error that ended one.</summary>
    Task Completion { get; }

    /// <summary>What Gateways are told of it.</summary>
    ModelDescriptor Describe();

    /// <summary>
    /// Runs a job of its task's endpoint. What is wrong with the job itself is a failed outcome; what is thrown is the machine's fault or a
    /// bug. The result is what it returns, so that there is exactly one; what comes before it goes into the sink.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="sink">Takes what the job says while it runs: pieces of its output, and how far it is.</param>
    /// <param name="cancellationToken">Ends it: nobody wants the result any more.</param>
    Task<JobOutcome> RunAsync(LeasedJob job, JobSink sink, CancellationToken cancellationToken);

    /// <summary>Ends its device threads after their current runs. Waiting jobs are canceled.</summary>
    void Stop();
}
