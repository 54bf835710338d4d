using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;

namespace AiPlatform.InferenceWorker.Encoders;

/// <summary>A model whose files are verified and open.</summary>
/// <param name="Manifest">Its manifest.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Session">Its session.</param>
/// <param name="Threads">How the session was opened.</param>
internal sealed record OpenedEncoder(EncoderManifest Manifest, ITokenizer Tokenizer, IRowSession Session, ThreadSplit Threads)
{
    /// <summary>
    /// Verifies the files, then opens the tokenizer and the session. If the split of threads has yet to be measured, the session has one
    /// run on all threads.
    /// </summary>
    /// <exception cref="ModelProblemException">One of them cannot be used.</exception>
    public static OpenedEncoder Open(EncoderManifest manifest, ExecutionDevice device, ModelOptions options)
    {
        ModelFileCheck.Verify(manifest);
        var tokenizer = LoadTokenizer(manifest);
        var threads = ThreadSplit.Configured(device, options) ?? ThreadSplit.OneRun(ThreadSplit.ThreadsOf(options));
        var session = OnnxEncoder.Open(manifest, device, options, threads, tokenizer.PadId);
        return new OpenedEncoder(manifest, tokenizer, session, threads);
    }

    /// <summary>Closes the session and opens it with another split of threads, because there may be memory for only one session.</summary>
    /// <exception cref="ModelProblemException">It cannot be opened any more.</exception>
    public OpenedEncoder Reopen(ExecutionDevice device, ModelOptions options, ThreadSplit threads)
    {
        Session.Dispose();
        return this with { Session = OnnxEncoder.Open(Manifest, device, options, threads, Tokenizer.PadId), Threads = threads };
    }

    private static ITokenizer LoadTokenizer(EncoderManifest manifest)
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
