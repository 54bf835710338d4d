using System.Globalization;
using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>
/// Runs an opened model on the longest input that its manifest allows, because no file says how long an input it really accepts.
/// </summary>
internal static class LongestInput
{
    /// <exception cref="ModelProblemException">The run fails; if a shorter input runs, the message says how long an input may
    /// be.</exception>
    public static void Check(OpenedEncoder model)
    {
        var longest = model.Manifest.MaxTokens;
        using var buffers = model.Session.NewBuffers(longest);
        if (FailureOf(model, longest, buffers) is not { } failure) return;

        var file = $"{Path.GetFileName(model.Manifest.Folder)}/{model.Manifest.Model.Name}";
        var said = failure.Message.ReplaceLineEndings(" ");
        var (runs, fails) = (0, longest);
        while (fails - runs > 1)
        {
            var length = runs + ((fails - runs) / 2);
            if (FailureOf(model, length, buffers) is null) runs = length;
            else fails = length;
        }

        throw new ModelProblemException(
            runs == 0
                ? $"{file}: it loads, but fails when it runs: {said}"
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{file}: it runs inputs of up to {runs} tokens; the field 'max_tokens' in {ModelManifest.FileName} is {longest}. A "
                    + $"longer input "
                    + $"fails: {said}"),
            failure);
    }

    private static Exception? FailureOf(OpenedEncoder model, int length, RunBuffers buffers)
    {
        var ids = new int[length];
        ids.AsSpan().Fill(model.Tokenizer.PadId);
        try
        {
            model.Session.Run([new WaitingRow(new RowRequest([ids]), 0, ids)], buffers);
            return null;
        }
#pragma warning disable CA1031 // Whatever the runtime throws, the model does not run this input
        catch (Exception failure)
        {
            return failure;
        }
#pragma warning restore CA1031
    }
}
