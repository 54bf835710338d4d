using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Text;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>A model whose files are verified and open; nothing has run yet.</summary>
internal sealed record OpenedModel(ModelManifest Manifest, ITokenizer Tokenizer, IEmbeddingSession Session, BatchLimits Limits)
{
    /// <summary>Verifies the files, then opens tokenizer and session.</summary>
    /// <exception cref="ModelProblemException">One of them cannot be used.</exception>
    public static OpenedModel Open(ModelManifest manifest, ExecutionDevice device, ModelOptions options)
    {
        ModelFileCheck.Verify(manifest);
        var tokenizer = LoadTokenizer(manifest);
        var limits = BatchLimits.For(manifest, device, SessionSettings.ThreadsOf(options));
        var session = OnnxEmbeddingSession.Open(manifest, device, options, tokenizer.PadId, limits.MaxTokens);
        return new OpenedModel(manifest, tokenizer, session, limits);
    }

    /// <summary>Runs the largest batch and the smallest, so that the first request finds memory and kernels ready.</summary>
    /// <exception cref="ModelProblemException">The model cannot run them.</exception>
    public void WarmUp()
    {
        try
        {
            RunOnce(Limits.RowsOf(Manifest.MaxTokens), Manifest.MaxTokens);
            RunOnce(1, Tokenizer.SpecialTokensPerText + 1);
        }
        catch (Exception failure)
        {
            Session.Dispose();
            throw new ModelProblemException(
                $"{Path.GetFileName(Manifest.Folder)}/{Manifest.Model.Name}: it loads, but fails when it runs: "
                + $"{failure.Message.ReplaceLineEndings(" ")}", failure);
        }
    }

    private void RunOnce(int rows, int tokens)
    {
        var ids = new int[tokens];
        ids.AsSpan().Fill(Tokenizer.PadId);
        var nobody = new EmbeddingRun([ids], []);
        Session.Run(Enumerable.Range(0, rows).Select(index => new WaitingRow(nobody, index, ids)).ToArray());
    }

    private static ITokenizer LoadTokenizer(ModelManifest manifest)
    {
        var name = $"{Path.GetFileName(manifest.Folder)}/{manifest.Tokenizer.Name}";
        ITokenizer tokenizer;
        try
        {
            tokenizer = TokenizerLoader.Load(manifest.PathOf(manifest.Tokenizer));
        }
        catch (TokenizerFormatException refused)
        {
            throw new ModelProblemException($"{name}: {refused.Message}", refused);
        }

        return manifest.MaxTokens > tokenizer.SpecialTokensPerText
            ? tokenizer
            : throw new ModelProblemException(
                $"{Path.GetFileName(manifest.Folder)}/{ModelManifest.FileName}: the field 'max_tokens' is "
                + $"{manifest.MaxTokens}; the tokenizer alone sets {tokenizer.SpecialTokensPerText} around every text.");
    }
}
