using System.Text.Json;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Jobs.Tasks.Tokens;

/// <summary>
/// Validates a request for a text's tokens in one pass over its bytes, without a document. Unknown fields are ignored, but known fields
/// that would change the tokens are refused. A null means the same as a missing field.
/// </summary>
public static class TokenizeRequestParser
{
    private static readonly string[] FieldNames =
    [
        "model", "prompt", "messages", "add_special_tokens", "add_generation_prompt", "return_token_strs", "inputs", "tools",
        "chat_template", "continue_final_message",
    ];

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    public static (TokenizeCall? Call, InferenceError? Error) Parse(ReadOnlySpan<byte> body)
    {
        var fields = new Fields();
        if (KnownFields.Read(body, ref fields) is { } malformed) return (null, malformed);

        return (fields.FirstError() ?? RequestJson.CheckText(body)) is { } error ? (null, error) : (fields.ToCall(body.Length), null);
    }

    private struct Fields() : IFieldValues
    {
        private string? _model;
        private bool _hasPrompt;
        private bool _hasMessages;
        private bool? _addsSpecialTokens;
        private bool? _addsGenerationPrompt;
        private bool? _wantsNames;

        public KnownFields Known { get; } = new(FieldNames);

        public readonly InferenceError? FirstError()
        {
            if (_model is null) Known.Note("model", "model is missing: name the model whose tokens are wanted.");
            if (Known["inputs"] is null && !_hasPrompt && !_hasMessages)
                Known.Note("prompt", "prompt is missing: give a text, or messages.");
            if (_hasPrompt && _hasMessages) Known.Note("messages", "There are prompt and messages: give one of them.");
            if (_hasMessages && _addsSpecialTokens == true)
            {
                Known.Note(
                    "add_special_tokens", "add_special_tokens is for prompt: the special tokens of messages are the chat template's.");
            }

            return Known.FirstError;
        }

        public readonly TokenizeCall ToCall(int bodyBytes) => new(_model!, _hasMessages)
        {
            AddsSpecialTokens = _addsSpecialTokens != false,
            AddsGenerationPrompt = _addsGenerationPrompt != false,
            WantsNames = _wantsNames == true,
            BodyBytes = bodyBytes,
        };

        public InferenceError? ReadValue(string name, ref Utf8JsonReader value) => name switch
        {
            "model" => RequestJson.ReadModel(ref value, out _model),
            "prompt" => ReadPrompt(ref value),
            "messages" => ReadMessages(ref value),
            "add_special_tokens" => FieldValues.ReadFlag(name, ref value, out _addsSpecialTokens),
            "add_generation_prompt" => FieldValues.ReadFlag(name, ref value, out _addsGenerationPrompt),
            "return_token_strs" => FieldValues.ReadFlag(name, ref value, out _wantsNames),
            "inputs" => InferenceError.Invalid(name, "inputs is another server's field: give prompt, one text in each request."),
            "continue_final_message" => value.TokenType == JsonTokenType.False
                ? null : InferenceError.Invalid(name, "The last message cannot be continued: leave continue_final_message out."),
            "tools" => ReadTools(ref value),
            _ => InferenceError.Invalid(name, "Messages are rendered by the model's own chat template: leave chat_template out."),
        };

        private InferenceError? ReadPrompt(ref Utf8JsonReader value)
        {
            _hasPrompt = true;
            return RequestJson.IsText(ref value) ? null : InferenceError.Invalid("prompt", "prompt must be a string of valid Unicode.");
        }

        private InferenceError? ReadMessages(ref Utf8JsonReader value)
        {
            _hasMessages = true;
            return ChatMessageCheck.Read(ref value);
        }

        private static InferenceError? ReadTools(ref Utf8JsonReader value)
        {
            if (value.TokenType == JsonTokenType.StartArray && value.Read() && value.TokenType == JsonTokenType.EndArray) return null;
            return InferenceError.Invalid(
                "tools", "Messages are taken without tools here: leave tools out. The usage of a chat counts them.");
        }
    }
}
