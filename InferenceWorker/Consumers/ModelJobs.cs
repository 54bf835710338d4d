using AiPlatform.InferenceWorker.Loading;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Tasks;

namespace AiPlatform.InferenceWorker.Consumers;

/// <summary>Runs a leased job with its model.</summary>
internal sealed class ModelJobs(ServedModels models, JobSinks sinks)
{
    public async Task<JobOutcome> RunAsync(LeasedJob job, CancellationToken cancellationToken)
    {
        if (ModelTasks.Of(job.Endpoint) is not { } task) return JobOutcome.Failure(UnknownEndpoint(job.Endpoint));
        using var use = models.Use(job.Model);
        if (use is null) return JobOutcome.Failure(NotServed(job.Model));
        return task.Kinds.Contains(use.Model.Manifest.Task)
            ? await RunAsync(use.Model, job, cancellationToken)
            : JobOutcome.Failure(OtherTask(use.Model.Manifest, job.Endpoint));
    }

    /// <summary>Runs the job, and returns its result after all earlier output has been written.</summary>
    private async Task<JobOutcome> RunAsync(ILoadedModel model, LeasedJob job, CancellationToken cancellationToken)
    {
        if (TokenJobs.Run(job, model) is { } known) return known;

        using var sink = sinks.For(job);
        var outcome = await model.RunAsync(job, sink, cancellationToken);
        await sink.FlushAsync(cancellationToken);
        return outcome;
    }

    private static InferenceError UnknownEndpoint(string endpoint) => new()
    {
        Kind = InferenceErrorKind.InvalidRequest,
        Message = $"This worker cannot run '{endpoint}'. It runs: {string.Join(", ", ModelTasks.All.Select(one => one.Endpoint))}.",
        Param = "endpoint",
    };

    private static InferenceError NotServed(string model) => new()
    {
        Kind = InferenceErrorKind.ModelNotFound,
        Message = $"This worker does not serve the model '{model}'.",
        Param = "model",
    };

    /// <summary>The error of a job whose model had another task when the job was submitted.</summary>
    private static InferenceError OtherTask(ModelManifest model, string endpoint) => new()
    {
        Kind = InferenceErrorKind.InvalidRequest,
        Message = $"The model '{model.Name}' does {model.Task}: it cannot run '{endpoint}'.",
        Param = "model",
    };
}
