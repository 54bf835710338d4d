using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Encoders;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Catalog;
using AiPlatform.Jobs.Leasing;
using AiPlatform.Jobs.Tasks.Classification;

namespace AiPlatform.InferenceWorker.Tasks.Classification;

/// <summary>
/// Runs <c>/v1/classify</c>: reads the body, tokenizes in parallel with the device, and gets the scores written into the result.
/// </summary>
internal sealed class ClassificationModel(ClassificationManifest manifest, WarmEncoder warm, ModelServices services)
    : LoadedEncoder(manifest, warm, () => new LabelOutput(manifest), services)
{
    public override ModelDescriptor Describe() => base.Describe() with { Labels = manifest.Labels.Count };

    public override async Task<JobOutcome> RunAsync(LeasedJob job, JobSink sink, CancellationToken cancellationToken)
    {
        var content = new ClassificationContent();
        var (call, refused) = ClassificationRequestParser.Parse(job.Body.Span, content);
        if (call is null) return JobOutcome.Failure(refused!);
        if (call.Check(Describe()) is { } wrong) return JobOutcome.Failure(wrong);

        var start = Now();
        var rows = new int[call.Rows][];
        var seconds = new int[call.Rows];
        if (Tokenize(call, content, rows, seconds, cancellationToken) is { } misfit) return JobOutcome.Failure(misfit);
        var tokens = rows.Sum(row => row.Length);
        Tokenized(start);

        var scores = call.TopN ?? manifest.Labels.Count;
        var output = ClassificationOutput.Create(manifest.Labels, rows.Length, scores, tokens);
        using var activity = BatchActivities.StartRequest(ClassificationTask.Description.Operation, manifest.Name, rows.Length, tokens);
        var run = new ClassificationRun(rows, seconds, output, scores) { Span = activity };
        var failed = await RunRowsAsync(run, rows.Length, sink, cancellationToken);
        return failed is null
            ? JobOutcome.Success(new JobOutput(ClassificationOutput.ContentType, output), Usage(tokens))
            : JobOutcome.Failure(failed);
    }

    private InferenceError? Tokenize(
        ClassificationCall call, ClassificationContent content, int[][] rows, int[] seconds, CancellationToken cancellationToken)
    {
        var total = 0L;
        var stopAbove = TokenCount.StopAbove(manifest.MaxTokens);
        for (var i = 0; i < rows.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (text, second) = content.Inputs[i];
            if (second is null)
            {
                rows[i] = Tokenizer.Encode(text, stopAbove: call.Truncate ? manifest.MaxTokens : stopAbove);
                if (rows[i].Length > manifest.MaxTokens)
                {
                    if (!call.Truncate) return TextLimits.TooLong(call.NameOf(i), rows[i].Length, manifest);
                    rows[i] = Tokenizer.Truncate(rows[i], manifest.MaxTokens);
                }
            }
            else
            {
                if (Tokenizer.SpecialTokensPerPair is not (> 0 and var special) || special >= manifest.MaxTokens)
                    return NoPairs(call.NameOf(i));
                (rows[i], seconds[i]) = call.Truncate
                    ? Tokenizer.EncodePair(text, second, manifest.MaxTokens)
                    : Tokenizer.EncodePair(text, second, int.MaxValue, stopAbove);
                if (rows[i].Length > manifest.MaxTokens) return TextLimits.TooLong(call.NameOf(i), rows[i].Length, manifest);
            }

            total += rows[i].Length;
            if (total > TextLimits.MaxTotalTokens) return TextLimits.TooMany();
        }

        return null;
    }

    private InferenceError NoPairs(string input) => InferenceError.Invalid(
        input, $"'{input}' is a pair; the tokenizer of '{manifest.Name}' takes single texts only.");
}
