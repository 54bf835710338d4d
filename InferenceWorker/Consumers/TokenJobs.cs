using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AiPlatform.InferenceWorker.Models;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Tokens;

namespace AiPlatform.InferenceWorker.Consumers;

/// <summary>Runs the jobs that ask for tokens or for their text. They do not use the model's device.</summary>
internal static class TokenJobs
{
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>The outcome; null for a job that asks for something else.</summary>
    public static JobOutcome? Run(LeasedJob job, ILoadedModel model) => job.Endpoint switch
    {
        TokenizeTask.Endpoint => Tokenize(job.Body, model),
        DetokenizeTask.Endpoint => Detokenize(job.Body, model),
        _ => null,
    };

    private static JobOutcome Tokenize(ReadOnlyMemory<byte> body, ILoadedModel model)
    {
        var (call, refused) = TokenizeRequestParser.Parse(body.Span);
        var descriptor = model.Describe();
        if ((refused ?? call!.Check(descriptor)) is { } wrong) return JobOutcome.Failure(wrong);

        var (tokens, misfit) = Encode(call!, body, model.Tokens);
        if (tokens is null) return JobOutcome.Failure(misfit!);
        if (tokens.Length > TokenizeTask.MaxTokens) return JobOutcome.Failure(TooMany(call!));

        return Answer(writer =>
        {
            writer.WriteNumber("count"u8, tokens.Length);
            writer.WriteNumber("max_model_len"u8, descriptor.MaxTokens);
            writer.WriteStartArray("tokens"u8);
            foreach (var token in tokens) writer.WriteNumberValue(token);
            writer.WriteEndArray();
            WriteNames(writer, call!.WantsNames ? tokens : null, model.Tokens);
        });
    }

    private static (int[]? Tokens, InferenceError? Error) Encode(TokenizeCall call, ReadOnlyMemory<byte> body, IModelTokens tokens)
    {
        using var document = JsonDocument.Parse(body);
        return call.HasMessages
            ? tokens.OfMessages(document.RootElement.GetProperty("messages"), call.AddsGenerationPrompt, TokenizeTask.MaxTokens)
            : (tokens.OfText(
                document.RootElement.GetProperty("prompt").GetString()!, call.AddsSpecialTokens, TokenizeTask.MaxTokens), null);
    }

    private static void WriteNames(Utf8JsonWriter writer, int[]? tokens, IModelTokens names)
    {
        if (tokens is null)
        {
            writer.WriteNull("token_strs"u8);
            return;
        }

        writer.WriteStartArray("token_strs"u8);
        foreach (var token in tokens) writer.WriteStringValue(names.NameOf(token));
        writer.WriteEndArray();
    }

    private static JobOutcome Detokenize(ReadOnlyMemory<byte> body, ILoadedModel model)
    {
        var tokens = new List<int>();
        if (DetokenizeRequestParser.Parse(body.Span, tokens).Error is { } refused) return JobOutcome.Failure(refused);
        var ids = CollectionsMarshal.AsSpan(tokens);
        if (IModelTokens.CheckIds("tokens", ids, model.Tokens.VocabularySize, model.Manifest.Name) is { } outside)
            return JobOutcome.Failure(outside);

        // Few bytes of ids can become a long text, so its length is computed before the text is built.
        var bytes = tokens.Sum(token => (long)Encoding.UTF8.GetByteCount(model.Tokens.NameOf(token)));
        if (bytes > DetokenizeTask.MaxTextBytes)
        {
            return JobOutcome.Failure(InferenceError.Invalid(
                "tokens", $"The tokens may be a text of more than {DetokenizeTask.MaxTextBytes} bytes: send them in several requests."));
        }

        return model.Tokens.TextOf(ids) is { } text
            ? Answer(writer => writer.WriteString("prompt"u8, text))
            : JobOutcome.Failure(InferenceError.Invalid(
                "model", $"The tokenizer of '{model.Manifest.Name}' has a decoder of an unknown kind."));
    }

    private static InferenceError TooMany(TokenizeCall call) => InferenceError.Invalid(
        call.HasMessages ? "messages" : "prompt",
        $"These are more than {TokenizeTask.MaxTokens} tokens: send them in several requests.");

    /// <summary>A result without a usage, because these jobs use no counted tokens.</summary>
    private static JobOutcome Answer(Action<Utf8JsonWriter> write)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json, Options))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return JobOutcome.Success(new JobOutput(JobOutput.Json, json.WrittenMemory), usage: null);
    }
}
