using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>
/// Runs <c>/v1/embeddings</c>: reads the body, tokenizes in parallel with the device, and gets the vectors written into the result.
/// </summary>
internal sealed class EmbeddingModel(EmbeddingManifest manifest, WarmEncoder warm, ModelServices services)
    : LoadedEncoder(manifest, warm, () => new PooledOutput(manifest), services)
{
    public override ModelDescriptor Describe() => base.Describe() with { Dimensions = manifest.Dimensions };

    public override async Task<JobOutcome> RunAsync(LeasedJob job, JobSink sink, CancellationToken cancellationToken)
    {
        var content = new EmbeddingContent();
        var (call, refused) = EmbeddingRequestParser.Parse(job.Body.Span, content);
        if (call is null) return JobOutcome.Failure(refused!);
        if (CheckDimensions(call) is { } wrong) return JobOutcome.Failure(wrong);

        var start = Now();
        var (rows, tokens, error) = EmbeddingInputs.Tokenize(call, content, manifest, Tokenizer, cancellationToken);
        if (rows is null) return JobOutcome.Failure(error!);
        Tokenized(start);

        var dimensions = call.Dimensions ?? manifest.Dimensions;
        var output = EmbeddingOutput.Create(rows.Length, dimensions, tokens, call.Format);
        using var activity = BatchActivities.StartRequest(EmbeddingTask.Description.Operation, manifest.Name, rows.Length, tokens);
        activity?.SetTag("gen_ai.embeddings.dimension.count", dimensions);
        var failed = await RunRowsAsync(new EmbeddingRun(rows, output) { Span = activity }, rows.Length, sink, cancellationToken);
        return failed is null
            ? JobOutcome.Success(new JobOutput(EmbeddingOutput.ContentType, output), Usage(tokens))
            : JobOutcome.Failure(failed);
    }

    private InferenceError? CheckDimensions(EmbeddingCall call) =>
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
}
