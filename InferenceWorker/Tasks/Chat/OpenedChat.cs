using System.Globalization;
using AiPlatform.Grammars.Masks;
using AiPlatform.InferenceWorker.Files;
using AiPlatform.InferenceWorker.Generation.Decoder;
using AiPlatform.InferenceWorker.Generation.Places;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.InferenceWorker.Text;
using AiPlatform.InferenceWorker.Text.Bpe;
using AiPlatform.InferenceWorker.Text.Templates;

namespace AiPlatform.InferenceWorker.Tasks.Chat;

/// <summary>A language model whose files are verified and open.</summary>
/// <param name="Manifest">Its manifest.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Template">Its chat template.</param>
/// <param name="Decoder">Its session, which the caller must dispose.</param>
/// <param name="Device">Where it runs.</param>
internal sealed record OpenedChat(
    ChatManifest Manifest, ChatTokenizer Tokenizer, ChatTemplate Template, OnnxDecoder Decoder, ExecutionDevice Device)
{
    /// <param name="manifest">The manifest.</param>
    /// <param name="device">The device of the process. A model without a file for CUDA runs on the CPU in any case.</param>
    /// <param name="options">The settings of all models.</param>
    /// <param name="generation">The settings of language models.</param>
    /// <param name="time">The clock of its chat template.</param>
    /// <exception cref="ModelProblemException">A file differs from the manifest, or the engine cannot run this kind of model.</exception>
    public static OpenedChat Open(
        ChatManifest manifest, ExecutionDevice device, ModelOptions options, GenerationOptions generation, TimeProvider time)
    {
        ModelFileCheck.Verify(manifest);
        var tokenizer = Read(manifest, () => ChatTokenizer.Load(manifest.Folder));
        var template = Read(manifest, () => ChatTemplate.Load(manifest.Folder, time));
        CheckFile(manifest);
        var place = PlaceOf(manifest, device, options, generation);
        var decoder = OnnxDecoder.Open(manifest.Folder, new DecoderThreads(ThreadSplit.ThreadsOf(options), generation.Spin), place);
        var opened = new OpenedChat(manifest, tokenizer, template, decoder, place.Device);
        if (opened.Misfit() is { } misfit)
        {
            decoder.Dispose();
            throw new ModelProblemException($"{Path.GetFileName(manifest.Folder)}/{misfit}");
        }

        return opened;
    }

    /// <summary>Where the model of a manifest runs.</summary>
    public static DecoderPlace PlaceOf(
        ChatManifest manifest, ExecutionDevice device, ModelOptions options, GenerationOptions generation)
    {
        if (device.IsCuda && manifest.CudaModel is { } file)
            return new DecoderPlace(device, options) { File = file.Name, CapturesGraphs = generation.CudaGraphs };
        return device.IsCuda
            ? new DecoderPlace(new ExecutionDevice(null, "the manifest names no 'cuda_model'"), options)
            : new DecoderPlace(device, options);
    }

    /// <summary>Arranges the tokens for the masks of grammars. Special tokens have no bytes there, so no text contains them.</summary>
    public Vocabulary ArrangeTokens() => ArrangeTokens(Tokenizer, Decoder.Shape.EndTokens);

    /// <inheritdoc cref="ArrangeTokens()"/>
    public static Vocabulary ArrangeTokens(ChatTokenizer tokenizer, IEnumerable<int> endTokens)
    {
        var ids = Enumerable.Range(0, tokenizer.VocabularySize);
        return new Vocabulary(
            [.. ids.Select(id => tokenizer.IsSpecial(id) ? null : tokenizer.TokenBytes(id).ToArray())], endTokens,
            text => tokenizer.Encode(text));
    }

    private string? Misfit()
    {
        var shape = Decoder.Shape;
        if (Manifest.MaxTokens > shape.ContextLength)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{ModelManifest.FileName}: the field 'max_tokens' is {Manifest.MaxTokens}; the model's context has "
                + $"{shape.ContextLength}.");
        }

        return Tokenizer.VocabularySize <= shape.VocabularySize ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"{ChatTokenizer.FileName}: has {Tokenizer.VocabularySize} tokens; the model knows {shape.VocabularySize}.");
    }

    /// <summary>Checks that the file that runs is the verified one.</summary>
    private static void CheckFile(ChatManifest manifest)
    {
        var named = DecoderConfigReader.Read(manifest.Folder).Model;
        if (named == manifest.Model.Name) return;
        throw new ModelProblemException(
            $"{Path.GetFileName(manifest.Folder)}/{ModelManifest.FileName}: the field 'model' is '{manifest.Model.Name}'; "
            + $"{ChatManifest.DecoderConfigFile} names '{named}'.");
    }

    private static T Read<T>(ChatManifest manifest, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception refused) when (refused is TokenizerFormatException or ChatTemplateFormatException)
        {
            throw new ModelProblemException($"{Path.GetFileName(manifest.Folder)}: {refused.Message}", refused);
        }
    }
}
