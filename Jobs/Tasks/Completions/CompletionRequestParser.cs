using System.Text.Json;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Jobs.Tasks.Completions;

/// <summary>
/// Validates a request for completions in one pass over its bytes, without a document. Unknown fields are passed over; a null is as good as
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
    /// <param name="content">Where the prompts go; null, for who does not compute with them, leaves them in the bytes.</param>
    public static (CompletionCall? Call, InferenceError? Error) Parse(ReadOnlySpan<byte> body, EmbeddingContent? content = null)
    {
        var fields = new Fields(content);
        var malformed = RequestJson.ReadObject(
            body, ref fields, static (ref Utf8JsonReader reader, ref Fields fields) => fields.Read(ref reader));
        if (malformed is not null) return (null, malformed);

        return (fields.FirstError() ?? RequestJson.CheckText(body)) is { } error ? (null, error) : (fields.ToCall(body), null);
    }

    private struct Fields(EmbeddingContent? content)
    {
        private readonly InferenceError?[] _errors = new InferenceError?[FieldNames.Length];
        private GenerationFields _common = new();
        private int _seen;
        private int _prompts;
        private bool _isSingle;
        private int? _maxTokens;
        private int? _likelihoods;
        private int? _bestOf;

        /// <summary>Reads one field; the reader stands on its name, and stands at the end of its value afterwards.</summary>
        public void Read(ref Utf8JsonReader reader)
        {
            var field = RequestJson.FieldOf(ref reader, FieldNames);
            reader.Read();
            if (field >= 0)
            {
                var value = reader;
                _errors[field] = RequestJson.NoteField(ref _seen, field, FieldNames[field])
                    ?? (value.TokenType == JsonTokenType.Null ? null : ReadValue(FieldNames[field], ref value));
            }

            reader.Skip();
        }

        public readonly InferenceError? FirstError()
        {
            if (_common.Model is null) Note("model", "model is missing: name the model to ask.");
            if (_prompts == 0) Note("prompt", "prompt is missing: give a string, strings, or token ids.");
            if (_common.Misfit is { Param: { } field } misfit) _errors[Array.IndexOf(FieldNames, field)] ??= misfit;
            if (_prompts * _common.Choices > GenerationCall.MaxChoices)
            {
                Note("n", $"n is {_common.Choices} for {_prompts} prompts, which are {_prompts * _common.Choices} texts; a request may ask "
                    + $"for {GenerationCall.MaxChoices}. Send the prompts in several requests.");
            }

            if (_bestOf > _common.Choices)
            {
                Note("best_of", $"best_of is {_bestOf}, more than n: the models of our workers do not choose among texts. Ask for n texts, "
                    + "with logprobs, and choose.");
            }

            return Array.Find(_errors, error => error is not null) ?? _common.Unsupported;
        }

        public readonly CompletionCall ToCall(ReadOnlySpan<byte> body) => _common.Fill(new CompletionCall(_common.Model!), body) with
        {
            PromptCount = _prompts,
            IsSingle = _isSingle,
            MaxNewTokens = _maxTokens ?? CompletionCall.DefaultTokens,
            Likelihoods = _likelihoods is not null,
            TopLikelihoods = _likelihoods ?? 0,
        };

        private readonly void Note(string field, string message) =>
            _errors[Array.IndexOf(FieldNames, field)] ??= InferenceError.Invalid(field, message);

        private InferenceError? ReadValue(string name, ref Utf8JsonReader value) => name switch
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
            if (echoes == true) _common.Refuse("echo", "The models of our workers do not repeat the prompt: leave echo out.");
            return wrong;
        }

        private InferenceError? RefuseSuffix(ref Utf8JsonReader value)
        {
            if (value.TokenType != JsonTokenType.String) return InferenceError.Invalid("suffix", "suffix must be a string.");
            if (!value.ValueSpan.IsEmpty)
                _common.Refuse("suffix", "The models of our workers do not write what stands before a text: leave suffix out.");
            return null;
        }
    }
}
