using System.Text.Json;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Jobs.Tasks.Completions;

/// <summary>
/// Validates a request for completions in one pass over its bytes, without a document. Unknown fields are ignored; a null means the same as
/// a missing field.
/// </summary>
public static class CompletionRequestParser
{
    private static readonly string[] FieldNames =
    [
        "model", "prompt", "stream", "stream_options", "n", "best_of", "max_tokens", "temperature", "top_p", "top_k", "min_p",
        "presence_penalty", "frequency_penalty", "repetition_penalty", "seed", "stop", "logit_bias", "logprobs", "ignore_eos", "echo",
        "suffix", "response_format",
    ];

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    /// <param name="body">The request's bytes.</param>
    /// <param name="content">Collects the prompts; null leaves them in the bytes.</param>
    public static (CompletionCall? Call, InferenceError? Error) Parse(ReadOnlySpan<byte> body, EmbeddingContent? content = null)
    {
        var fields = new Fields(content);
        if (KnownFields.Read(body, ref fields) is { } malformed) return (null, malformed);

        return (fields.FirstError() ?? RequestJson.CheckText(body)) is { } error ? (null, error) : (fields.ToCall(body), null);
    }

    private struct Fields(EmbeddingContent? content) : IFieldValues
    {
        private GenerationFields _common = new();
        private int _prompts;
        private bool _isSingle;
        private int? _maxTokens;
        private int? _likelihoods;
        private int? _bestOf;

        public KnownFields Known { get; } = new(FieldNames);

        public readonly InferenceError? FirstError()
        {
            if (_common.Model is null) Known.Note("model", "model is missing: name the model to ask.");
            if (_prompts == 0) Known.Note("prompt", "prompt is missing: give a string, strings, or token ids.");
            if (_common.Misfit is { } misfit) Known.Note(misfit);
            if (_prompts * _common.Choices > GenerationCall.MaxChoices)
            {
                Known.Note("n", $"n is {_common.Choices} for {_prompts} prompts, which are {_prompts * _common.Choices} texts; a request "
                    + $"may ask for {GenerationCall.MaxChoices}. Send the prompts in several requests.");
            }

            if (_bestOf > _common.Choices)
            {
                Known.Note("best_of", $"best_of is {_bestOf}, more than n: workers' models do not select the best of several texts. Ask "
                    + "for n texts with logprobs, and choose.");
            }

            return Known.FirstError ?? _common.Unsupported;
        }

        public readonly CompletionCall ToCall(ReadOnlySpan<byte> body) => _common.Fill(new CompletionCall(_common.Model!), body) with
        {
            PromptCount = _prompts,
            IsSingle = _isSingle,
            MaxNewTokens = _maxTokens ?? CompletionCall.DefaultTokens,
            Likelihoods = _likelihoods is not null,
            TopLikelihoods = _likelihoods ?? 0,
        };

        public InferenceError? ReadValue(string name, ref Utf8JsonReader value) => name switch
        {
            "prompt" => ReadPrompts(ref value),
            "max_tokens" => FieldValues.ReadWhole(name, ref value, 1, GenerationFields.MaxTokens, out _maxTokens),
            "logprobs" => FieldValues.ReadWhole(name, ref value, 0, CompletionCall.MaxTopLikelihoods, out _likelihoods),
            "best_of" => FieldValues.ReadWhole(name, ref value, 1, GenerationCall.MaxChoices, out _bestOf),
            "echo" => RefuseEcho(ref value),
            "suffix" => RefuseSuffix(ref value),
            _ => _common.Read(name, ref value),
        };

        private InferenceError? ReadPrompts(ref Utf8JsonReader value)
        {
            var wrong = EmbeddingInput.Read(
                "prompt", GenerationCall.MaxChoices, int.MaxValue, ref value, content, out _prompts, out _isSingle);
            if (wrong is not null) _prompts = 1;
            return wrong;
        }

        private InferenceError? RefuseEcho(ref Utf8JsonReader value)
        {
            var wrong = FieldValues.ReadFlag("echo", ref value, out var echoes);
            if (echoes == true) _common.Refuse("echo", "Workers' models do not repeat the prompt: leave echo out.");
            return wrong;
        }

        private InferenceError? RefuseSuffix(ref Utf8JsonReader value)
        {
            if (value.TokenType != JsonTokenType.String) return InferenceError.Invalid("suffix", "suffix must be a string.");
            if (!value.ValueSpan.IsEmpty)
                _common.Refuse("suffix", "Workers' models do not fill in the text before a suffix: leave suffix out.");
            return null;
        }
    }
}
