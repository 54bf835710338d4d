using System.Globalization;
using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Telemetry;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Payloads;
using AiPlatform.ServiceDefaults.Telemetry;

namespace AiPlatform.InferenceWorker.Consumers;

/// <summary>Runs <c>/v1/embeddings</c>: reads the body, tokenizes beside the device, and has the vectors written into the result.</summary>
internal sealed class EmbeddingHandler(ServedModels models, ProgressReporter progress, BatchMetrics metrics, TimeProvider time)
    : IEndpointHandler
{
    /// <summary>Requests with fewer rows are over before anybody asks how far they are.</summary>
    private const int FewestRowsReported = 64;

    public string Endpoint => Endpoints.Embeddings;

    public async Task<JobOutcome> RunAsync(LeasedJob job, CancellationToken cancellationToken)
    {
        if (models.Find(job.Model) is not { } model) return NotServed(job.Model);

        var content = new EmbeddingContent();
        var (call, refused) = EmbeddingRequestParser.Parse(job.Body.Span, content);
        if (call is null) return JobOutcome.Failure(refused!);
        if (CheckDimensions(call, model.Manifest) is { } wrong) return JobOutcome.Failure(wrong);

        var start = time.GetTimestamp();
        var (rows, tokens, error) = EmbeddingInputs.Tokenize(call, content, model, cancellationToken);
        if (rows is null) return JobOutcome.Failure(error!);
        metrics.Tokenized(model.Manifest.Name, time.GetElapsedTime(start));

        var dimensions = call.Dimensions ?? model.Manifest.Dimensions;
        var output = EmbeddingOutput.Create(rows.Length, dimensions, tokens, call.Format);
        using var activity = BatchActivities.StartEmbeddings(model.Manifest.Name, rows.Length, tokens, dimensions);
        var request = new EmbeddingRun(rows, output) { Span = activity };
        var embedding = model.Batcher.EmbedAsync(request, cancellationToken);
        if (rows.Length >= FewestRowsReported) await progress.ReportAsync(job, embedding, "rows", () => request.RowsDone, rows.Length);

        var failed = await embedding;
        if (failed is not null) activity?.Fail(failed.Code);
        return failed is null
            ? JobOutcome.Success(new JobOutput(EmbeddingOutput.ContentType, output), Usage(tokens))
            : JobOutcome.Failure(failed);
    }

    private static InferenceError? CheckDimensions(EmbeddingCall call, ModelManifest manifest) =>
        call.Dimensions is { } wanted && wanted > manifest.Dimensions
            ? new InferenceError
            {
                Kind = InferenceErrorKind.InvalidRequest,
                Message =
                    $"'dimensions' is {wanted}; the vectors of '{manifest.Name}' have {manifest.Dimensions}. Give at most that, "
                    + "or leave it out.",
                Param = "dimensions",
            }
            : null;

    private static JobOutcome NotServed(string model) => JobOutcome.Failure(new InferenceError
    {
        Kind = InferenceErrorKind.ModelNotFound,
        Message = $"This worker does not serve the model '{model}'.",
        Param = "model",
    });

    private static string Usage(int tokens) =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"prompt_tokens":{{tokens}},"total_tokens":{{tokens}}}""");
}
