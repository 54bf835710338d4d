using System.Globalization;
using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Jobs.Tasks.Chat;

/// <summary>
/// Validates a chat request for a model of our own workers in one pass over its bytes, without a document. Unknown fields are passed over;
/// a null is as good as a missing field. What is wrong with other fields than the model is told by <see cref="ChatCall.Check"/>: whether it
/// is wrong depends on whose model it is.
/// </summary>
public static class ChatRequestParser
{
    private const int MaxStops = 4;
    private const int MaxStopCharacters = 1_024;
    private const int MaxBiases = 1_024;
    private const int MaxTopLikelihoods = 20;
    private const int MaxTokens = 16_777_216;

    private static readonly string[] FieldNames =
    [
        "model", "messages", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k",
        "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty", "seed", "stop", "logit_bias", "logprobs", "top_logprobs",
        "ignore_eos", "response_format", "tools", "tool_choice", "functions", "function_call",
    ];

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    public static (ChatCall? Call, InferenceError? Error) Parse(ReadOnlySpan<byte> body)
    {
        var fields = new Fields();
        var malformed = RequestJson.ReadObject(
            body, ref fields, static (ref Utf8JsonReader reader, ref Fields fields) => fields.Read(ref reader));
        if (malformed is not null) return (null, malformed);

        return (fields.ModelError() ?? RequestJson.CheckText(body)) is { } error ? (null, error) : (fields.ToCall(), null);
    }

    private struct Fields()
    {
        private readonly InferenceError?[] _errors = new InferenceError?[FieldNames.Length];
        private readonly List<string> _stops = [];
        private readonly Dictionary<int, double> _biases = [];
        private int _seen;
        private string? _model;
        private bool _hasMessages;
        private bool? _streams;
        private bool _hasStreamOptions;
        private bool? _includesUsage;
        private int? _choices;
        private int? _maxTokens;
        private int? _maxCompletionTokens;
        private double? _temperature;
        private double? _topP;
        private int? _topK;
        private double? _minP;
        private double? _presencePenalty;
        private double? _frequencyPenalty;
        private double? _repetitionPenalty;
        private long? _seed;
        private bool? _likelihoods;
        private int? _topLikelihoods;
        private bool? _ignoresEnd;
        private InferenceError? _unsupported;

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

        public readonly InferenceError? ModelError()
        {
            if (_model is null) Note("model", "model is missing: name the model to ask.");
            return _errors[0];
        }

        private readonly InferenceError? FirstError()
        {
            if (!_hasMessages) Note("messages", "messages is missing: give at least one message.");
            if (_hasStreamOptions && _streams != true)
                Note("stream_options", "stream_options is only for streams: it needs \"stream\": true.");
            if (_topLikelihoods > 0 && _likelihoods != true) Note("top_logprobs", "top_logprobs needs \"logprobs\": true.");
            return Array.Find(_errors, error => error is not null);
        }

        public readonly ChatCall ToCall() => new(_model!)
        {
            WantsStream = _streams == true,
            IncludesUsage = _includesUsage == true,
            Choices = _choices ?? 1,
            MaxNewTokens = _maxCompletionTokens ?? _maxTokens,
            Temperature = _temperature ?? 1,
            TopP = _topP ?? 1,
            TopK = Math.Max(0, _topK ?? 0),
            MinP = _minP ?? 0,
            PresencePenalty = _presencePenalty ?? 0,
            FrequencyPenalty = _frequencyPenalty ?? 0,
            RepetitionPenalty = _repetitionPenalty ?? 1,
            Seed = _seed,
            IgnoresEnd = _ignoresEnd == true,
            Stop = _stops,
            LogitBias = [.. _biases],
            Likelihoods = _likelihoods == true,
            TopLikelihoods = _topLikelihoods ?? 0,
            Misfit = FirstError() ?? _unsupported,
        };

        private readonly void Note(string field, string message) =>
            _errors[Array.IndexOf(FieldNames, field)] ??= InferenceError.Invalid(field, message);

        private InferenceError? ReadValue(string name, ref Utf8JsonReader value) => name switch
        {
            "model" => ReadModel(ref value),
            "messages" => ReadMessages(ref value),
            "stream" => ChatFields.ReadFlag(name, ref value, out _streams),
            "stream_options" => ReadStreamOptions(ref value),
            "n" => ChatFields.ReadWhole(name, ref value, 1, ChatCall.MaxChoices, out _choices),
            "max_tokens" => ChatFields.ReadWhole(name, ref value, 1, MaxTokens, out _maxTokens),
            "max_completion_tokens" => ChatFields.ReadWhole(name, ref value, 1, MaxTokens, out _maxCompletionTokens),
            "temperature" => ChatFields.ReadNumber(name, ref value, 0, 2, out _temperature),
            "top_p" => ChatFields.ReadNumber(name, ref value, 0, 1, out _topP),
            // What vLLM's clients send for no limit is -1.
            "top_k" => ChatFields.ReadWhole(name, ref value, -1, int.MaxValue, out _topK),
            "min_p" => ChatFields.ReadNumber(name, ref value, 0, 1, out _minP),
            "presence_penalty" => ChatFields.ReadNumber(name, ref value, -2, 2, out _presencePenalty),
            "frequency_penalty" => ChatFields.ReadNumber(name, ref value, -2, 2, out _frequencyPenalty),
            "repetition_penalty" => ChatFields.ReadNumber(name, ref value, 0.01, 100, out _repetitionPenalty),
            "seed" => ReadSeed(ref value),
            "stop" => ReadStops(ref value),
            "logit_bias" => ReadBiases(ref value),
            "logprobs" => ChatFields.ReadFlag(name, ref value, out _likelihoods),
            "top_logprobs" => ChatFields.ReadWhole(name, ref value, 0, MaxTopLikelihoods, out _topLikelihoods),
            "ignore_eos" => ChatFields.ReadFlag(name, ref value, out _ignoresEnd),
            "response_format" => ReadResponseFormat(ref value),
            "tools" or "functions" => ReadTools(name, ref value),
            _ => ReadToolChoice(name, ref value),
        };

        private InferenceError? ReadModel(ref Utf8JsonReader value)
        {
            if (RequestJson.TryReadText(ref value, out _model) && _model.Length > 0) return null;
            _model = "";
            return InferenceError.Invalid("model", "model must be a string that names a model.");
        }

        private InferenceError? ReadMessages(ref Utf8JsonReader value)
        {
            _hasMessages = true;
            return ChatMessageCheck.Read(ref value);
        }

        private InferenceError? ReadStreamOptions(ref Utf8JsonReader value)
        {
            const string IncludeUsage = "stream_options.include_usage";
            if (value.TokenType != JsonTokenType.StartObject)
                return InferenceError.Invalid("stream_options", "stream_options must be an object.");

            _hasStreamOptions = true;
            var seen = 0;
            while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
            {
                var isUsage = value.ValueTextEquals("include_usage"u8);
                value.Read();
                if (isUsage && RequestJson.NoteField(ref seen, 0, IncludeUsage) is { } twice) return twice;
                if (isUsage && value.TokenType != JsonTokenType.Null
                    && ChatFields.ReadFlag(IncludeUsage, ref value, out _includesUsage) is { } wrong)
                {
                    return wrong;
                }

                value.Skip();
            }

            return null;
        }

        private InferenceError? ReadSeed(ref Utf8JsonReader value)
        {
            if (value.TokenType != JsonTokenType.Number || !value.TryGetInt64(out var seed))
                return InferenceError.Invalid("seed", "seed must be an integer of 64 bits.");
            _seed = seed;
            return null;
        }

        private readonly InferenceError? ReadStops(ref Utf8JsonReader value)
        {
            if (value.TokenType == JsonTokenType.String) return ReadStop("stop", ref value);
            if (value.TokenType != JsonTokenType.StartArray)
                return InferenceError.Invalid("stop", $"stop must be a string, or an array of 1 to {MaxStops} strings.");

            for (var i = 0; value.Read() && value.TokenType != JsonTokenType.EndArray; i++)
            {
                if (i == MaxStops) return InferenceError.Invalid("stop", $"stop has more than {MaxStops} strings.");
                if (ReadStop($"stop[{i}]", ref value) is { } wrong) return wrong;
            }

            return null;
        }

        private readonly InferenceError? ReadStop(string name, ref Utf8JsonReader value)
        {
            if (!RequestJson.TryReadText(ref value, out var stop) || stop.Length is 0 or > MaxStopCharacters)
                return InferenceError.Invalid(name, $"{name} must be a string of 1 to {MaxStopCharacters} characters.");
            _stops.Add(stop);
            return null;
        }

        private readonly InferenceError? ReadBiases(ref Utf8JsonReader value)
        {
            if (value.TokenType != JsonTokenType.StartObject)
                return InferenceError.Invalid("logit_bias", "logit_bias must be an object with a number for each token.");

            while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
            {
                if (!int.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var token))
                {
                    return InferenceError.Invalid("logit_bias", "logit_bias has a name that is no token: they are whole numbers.");
                }

                var name = $"logit_bias.{token}";
                value.Read();
                if (ChatFields.ReadNumber(name, ref value, -100, 100, out var bias) is { } wrong) return wrong;
                if (!_biases.TryAdd(token, bias!.Value)) return InferenceError.Invalid(name, $"{name} is there twice: give it once.");
                if (_biases.Count > MaxBiases) return InferenceError.Invalid("logit_bias", $"logit_bias has more than {MaxBiases} tokens.");
            }

            return null;
        }

        private InferenceError? ReadResponseFormat(ref Utf8JsonReader value)
        {
            if (value.TokenType != JsonTokenType.StartObject)
                return InferenceError.Invalid("response_format", "response_format must be an object.");

            string? type = null;
            while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
            {
                var isType = value.ValueTextEquals("type"u8);
                value.Read();
                if (isType && (type is not null || !RequestJson.TryReadText(ref value, out type)))
                    return InferenceError.Invalid("response_format.type", "response_format.type must be a string, and there once.");
                value.Skip();
            }

            if (type is null) return InferenceError.Invalid("response_format.type", "response_format.type is missing.");
            if (type != "text")
            {
                _unsupported ??= InferenceError.Invalid(
                    "response_format", "The models of our workers do not support a response_format other than 'text' yet.");
            }

            return null;
        }

        private InferenceError? ReadTools(string name, ref Utf8JsonReader value)
        {
            if (value.TokenType != JsonTokenType.StartArray) return InferenceError.Invalid(name, $"{name} must be an array.");
            value.Read();
            if (value.TokenType != JsonTokenType.EndArray) RefuseTools(name);
            return null;
        }

        private InferenceError? ReadToolChoice(string name, ref Utf8JsonReader value)
        {
            if (value.TokenType is not (JsonTokenType.String or JsonTokenType.StartObject))
                return InferenceError.Invalid(name, $"{name} must be a string or an object.");
            var needsNone = value.TokenType == JsonTokenType.String && (value.ValueTextEquals("none"u8) || value.ValueTextEquals("auto"u8));
            if (!needsNone) RefuseTools(name);
            return null;
        }

        private void RefuseTools(string name) =>
            _unsupported ??= InferenceError.Invalid(name, $"The models of our workers do not call tools yet: leave {name} out.");
    }
}
