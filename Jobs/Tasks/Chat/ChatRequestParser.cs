using System.Text.Json;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>
/// Validates a chat request for a worker's model in one pass over its bytes, without a document. Unknown fields are ignored; a null means
/// the same as a missing field. <see cref="GenerationCall.Check"/> reports the errors of all fields but the model, because they are no
/// errors for a provider's model.
/// </summary>
public static class ChatRequestParser
{
    private const int MaxTopLikelihoods = 20;
    private const string NotWithTools =
        "A 'regex' or a 'grammar' cannot be combined with tools: leave response_format out, or tools, or set tool_choice to 'none'.";

    private const string Deprecated =
        "The models of our workers call tools, not functions, which OpenAI has replaced: send tools and tool_choice.";

    private static readonly string[] FieldNames =
    [
        "model", "messages", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k",
        "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty", "seed", "stop", "logit_bias", "logprobs", "top_logprobs",
        "ignore_eos", "response_format", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call",
        "modalities",
    ];

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    public static (ChatCall? Call, InferenceError? Error) Parse(ReadOnlySpan<byte> body)
    {
        var fields = new Fields();
        if (KnownFields.Read(body, ref fields) is { } malformed) return (null, malformed);

        return (fields.ModelError() ?? RequestJson.CheckText(body)) is { } error ? (null, error) : (fields.ToCall(body), null);
    }

    private struct Fields() : IFieldValues
    {
        private readonly ChatTools _tools = new();
        private GenerationFields _common = new();
        private bool _hasMessages;
        private int? _maxTokens;
        private int? _maxCompletionTokens;
        private bool? _likelihoods;
        private int? _topLikelihoods;
        private bool _callsNoFunction;

        public KnownFields Known { get; } = new(FieldNames);

        public readonly InferenceError? ModelError()
        {
            if (_common.Model is null) Known.Note("model", "model is missing: name the model to ask.");
            return Known["model"];
        }

        private readonly InferenceError? FirstError()
        {
            if (!_hasMessages) Known.Note("messages", "messages is missing: give at least one message.");
            if (_common.Misfit is { } misfit) Known.Note(misfit);
            if (_tools.Misfit() is { } wrong) Known.Note(wrong);
            if (_callsNoFunction && _tools.Use != ToolUse.None) Known.Note("function_call", Deprecated);
            if (_topLikelihoods > 0 && _likelihoods != true) Known.Note("top_logprobs", "top_logprobs needs \"logprobs\": true.");
            return Known.FirstError;
        }

        public readonly ChatCall ToCall(ReadOnlySpan<byte> body)
        {
            var call = _common.Fill(new ChatCall(_common.Model!), body) with
            {
                MaxNewTokens = _maxCompletionTokens ?? _maxTokens,
                LengthField = _maxCompletionTokens is null ? "max_tokens" : "max_completion_tokens",
                Likelihoods = _likelihoods == true,
                TopLikelihoods = _topLikelihoods ?? 0,
                Misfit = FirstError() ?? _common.Unsupported,
            };
            if (call.Misfit is not null || _tools.Callable is not { Count: > 0 } tools) return call;
            if (call.Grammar is { Kind: not AnswerGrammarKind.JsonSchema })
                return call with { Misfit = InferenceError.Invalid(ResponseFormat.Name, NotWithTools) };
            return call with
            {
                Tools = tools,
                MustCall = _tools.Use == ToolUse.Required,
                TextFormat = call.Grammar,
                Grammar = ToolCallForm.GrammarOf(tools, _tools.Use, _tools.IsParallel, call.Grammar, body),
            };
        }

        public InferenceError? ReadValue(string name, ref Utf8JsonReader value) => name switch
        {
            "messages" => ReadMessages(ref value),
            "max_tokens" => FieldValues.ReadWhole(name, ref value, 1, GenerationFields.MaxTokens, out _maxTokens),
            "max_completion_tokens" => FieldValues.ReadWhole(name, ref value, 1, GenerationFields.MaxTokens, out _maxCompletionTokens),
            "logprobs" => FieldValues.ReadFlag(name, ref value, out _likelihoods),
            "top_logprobs" => FieldValues.ReadWhole(name, ref value, 0, MaxTopLikelihoods, out _topLikelihoods),
            "tools" => _tools.Read(ref value),
            "tool_choice" => _tools.ReadChoice(ref value),
            "parallel_tool_calls" => _tools.ReadParallel(ref value),
            "functions" => RefuseFunctions(name, ref value),
            "function_call" => RefuseFunctionCall(name, ref value),
            "modalities" => ReadModalities(name, ref value),
            _ => _common.Read(name, ref value),
        };

        private InferenceError? ReadMessages(ref Utf8JsonReader value)
        {
            _hasMessages = true;
            return ChatMessageCheck.Read(ref value);
        }

        private InferenceError? RefuseFunctions(string name, ref Utf8JsonReader value)
        {
            if (value.TokenType != JsonTokenType.StartArray) return InferenceError.Invalid(name, $"{name} must be an array.");
            value.Read();
            if (value.TokenType != JsonTokenType.EndArray) _common.Refuse(name, Deprecated);
            return null;
        }

        private static InferenceError? ReadModalities(string name, ref Utf8JsonReader value)
        {
            var texts = 0;
            if (value.TokenType == JsonTokenType.StartArray)
                while (value.Read() && value.TokenType == JsonTokenType.String && value.ValueTextEquals("text"u8)) texts++;
            return texts > 0 && value.TokenType == JsonTokenType.EndArray ? null : InferenceError.Invalid(
                name, $"{name} must be [\"text\"]: the models of our workers write text only, no audio.");
        }

        private InferenceError? RefuseFunctionCall(string name, ref Utf8JsonReader value)
        {
            if (value.TokenType is not (JsonTokenType.String or JsonTokenType.StartObject))
                return InferenceError.Invalid(name, $"{name} must be a string or an object.");
            // Without functions and tools there is nothing that could be called, so "none" is what happens.
            _callsNoFunction = value.TokenType == JsonTokenType.String && value.ValueTextEquals("none"u8);
            if (!_callsNoFunction) _common.Refuse(name, Deprecated);
            return null;
        }
    }
}
