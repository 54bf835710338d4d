using System.Text.Json;
using AiPlatform.Jobs.Payloads;
using AiPlatform.Jobs.Tasks;
using AiPlatform.Jobs.Tasks.Chat;
using AiPlatform.Jobs.Tasks.Embeddings;
using AiPlatform.Jobs.Tasks.Generation;

namespace AiPlatform.Gateway.Providers.Requests;

/// <summary>
/// Reads a request for a provider in one pass over its bytes, without a document. It validates the fields that the Gateway uses, and leaves
/// all others to the provider.
/// </summary>
internal static class ProviderRequestParser
{
    /// <summary>A field of our own, which is removed before the provider gets the request.</summary>
    public const string RawAnswerField = "include_raw_answer";

    private const string IncludeUsageName = "stream_options.include_usage";

    private static readonly string[] FieldNames =
        ["model", "messages", "input", "stream", "stream_options", "response_format", "temperature", "seed", "encoding_format",
            RawAnswerField, "max_completion_tokens", "max_tokens", "n"];

    /// <summary>Most answers of one request.</summary>
    private const long MostChoices = 128;

    /// <summary>Whether providers can serve a task.</summary>
    public static bool Takes(ModelTask task) => task.Endpoint is ChatTask.Endpoint or EmbeddingTask.Endpoint;

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    /// <param name="endpoint">The endpoint of the request's task.</param>
    /// <param name="body">The request.</param>
    /// <param name="takesOwnFormats">Whether a worker's model gets it, which knows our own types of <c>response_format</c>.</param>
    public static (ProviderRequest? Request, InferenceError? Error) Parse(
        string endpoint, ReadOnlyMemory<byte> body, bool takesOwnFormats = false)
    {
        var fields = new Fields(endpoint, takesOwnFormats);
        if (RequestJson.ReadObject(
            body.Span, ref fields, static (ref Utf8JsonReader reader, ref Fields fields) => fields.Read(ref reader)) is { } malformed)
        {
            return (null, malformed);
        }

        return (fields.FirstError() ?? RequestJson.CheckText(body.Span)) is { } error ? (null, error) : (fields.ToRequest(body), null);
    }

    private struct Fields(string endpoint, bool takesOwnFormats)
    {
        private List<Range>? _ownFields;
        private readonly bool _isChat = endpoint == ChatTask.Endpoint;
        private InferenceError? _error;
        private int _seen;
        private int _end;
        private string? _model;
        private Range _modelAt;
        private int _messagesEnd;
        private int _inputs;
        private EmbeddingFormat? _vectorFormat = EmbeddingFormat.Float;
        private bool _streams;
        private Range? _streamOptionsAt;
        private bool _hasStreamOptions;
        private bool _includesUsage;
        private Range? _schema;
        private bool _wantsJsonObject;
        private bool _includesRawAnswer;
        private bool _isRepeatable;
        private long? _maxTokens;
        private long? _choices;

        /// <summary>Reads one field. The reader is on its name before the call, and at the end of its value after the call.</summary>
        public void Read(ref Utf8JsonReader reader)
        {
            var field = RequestJson.FieldOf(ref reader, FieldNames);
            var nameAt = (int)reader.TokenStartIndex;
            var isFirst = _end == 0;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (field >= 0)
            {
                var value = reader;
                var error = RequestJson.NoteField(ref _seen, field, FieldNames[field]) ?? ReadValue(FieldNames[field], ref value);
                _error ??= error;
            }

            reader.Skip();
            var at = start..(int)reader.BytesConsumed;
            // The range includes the comma before the field. The first field has none; the comma behind it is removed when the body is
            // written.
            if (field >= 0 && FieldNames[field] == RawAnswerField) (_ownFields ??= []).Add((isFirst ? nameAt : _end)..at.End.Value);
            if (field >= 0) Note(FieldNames[field], at);
            _end = at.End.Value;
        }

        public readonly InferenceError? FirstError()
        {
            if (_error is not null) return _error;
            if (_model is null) return InferenceError.Invalid("model", "model is missing: name the model to ask.");
            if (_isChat && _messagesEnd == 0) return InferenceError.Invalid("messages", "messages is missing: give at least one message.");
            if (!_isChat && (_seen & (1 << Array.IndexOf(FieldNames, "input"))) == 0)
                return InferenceError.Invalid("input", "input is missing: give a string, strings, or token ids.");
            return _hasStreamOptions && !_streams
                ? InferenceError.Invalid("stream_options", "stream_options is only for streams: it needs \"stream\": true.")
                : null;
        }

        public readonly ProviderRequest ToRequest(ReadOnlyMemory<byte> body) => new()
        {
            Endpoint = endpoint,
            Body = body,
            Model = _model!,
            ModelAt = _modelAt,
            Streams = _streams,
            StreamOptionsAt = _streamOptionsAt,
            IncludesUsage = _includesUsage,
            MessagesEnd = _messagesEnd,
            Inputs = _inputs,
            VectorFormat = _vectorFormat,
            Schema = _schema is { } schema ? body[schema] : default(ReadOnlyMemory<byte>?),
            WantsJsonObject = _wantsJsonObject,
            IncludesRawAnswer = _includesRawAnswer,
            OwnFields = _ownFields ?? [],
            IsDeterministic = !_isChat || _isRepeatable,
            MaxTokens = _maxTokens,
            Choices = _choices ?? 1,
        };

        private void Note(string name, Range at)
        {
            switch (name)
            {
                case "model": _modelAt = at; break;
                case "messages" when _isChat: _messagesEnd = at.End.Value - 1; break;
                case "stream_options" when _isChat: _streamOptionsAt = at; break;
            }
        }

        private InferenceError? ReadValue(string name, ref Utf8JsonReader value) => name switch
        {
            "model" => RequestJson.ReadModel(ref value, out _model),
            "messages" when _isChat => ReadMessages(ref value),
            "input" when !_isChat => ReadInput(ref value),
            "encoding_format" when !_isChat => ReadVectorFormat(ref value),
            "stream" when _isChat => RequestJson.ReadBoolean("stream", ref value, out _streams),
            "stream_options" when _isChat => ReadStreamOptions(ref value),
            "response_format" when _isChat => ReadResponseFormat(ref value),
            "temperature" => ReadTemperature(ref value),
            "seed" => ReadSeed(ref value),
            "max_completion_tokens" or "max_tokens" => ReadCount(ref value, UsageJson.MaxTokens, ref _maxTokens),
            "n" => ReadCount(ref value, MostChoices, ref _choices),
            RawAnswerField => RequestJson.ReadBoolean(RawAnswerField, ref value, out _includesRawAnswer),
            _ => null,
        };

        /// <summary>Reads a number that the Gateway only estimates with; what is wrong with it, the provider says.</summary>
        private static InferenceError? ReadCount(ref Utf8JsonReader value, long most, ref long? count)
        {
            if (value.TokenType == JsonTokenType.Number && value.TryGetInt64(out var number) && number > 0)
                count = Math.Min(Math.Max(number, count ?? 0), most);
            return null;
        }

        private InferenceError? ReadInput(ref Utf8JsonReader value)
        {
            _inputs = 1;
            if (value.TokenType == JsonTokenType.String) return null;
            if (value.TokenType != JsonTokenType.StartArray)
                return InferenceError.Invalid("input", "input must be a string, strings, or token ids.");

            value.Read();
            if (value.TokenType == JsonTokenType.Number) return null;
            for (_inputs = 0; value.TokenType != JsonTokenType.EndArray; value.Read(), _inputs++) value.Skip();
            return null;
        }

        /// <summary>Reads the form of vectors. Unknown values are left to the provider.</summary>
        private InferenceError? ReadVectorFormat(ref Utf8JsonReader value)
        {
            if (value.TokenType == JsonTokenType.Null) return null;

            var isText = value.TokenType == JsonTokenType.String;
            _vectorFormat = isText && value.ValueTextEquals("float"u8) ? EmbeddingFormat.Float
                : isText && value.ValueTextEquals("base64"u8) ? EmbeddingFormat.Base64 : null;
            return null;
        }

        private static InferenceError? ReadMessages(ref Utf8JsonReader value)
        {
            if (value.TokenType != JsonTokenType.StartArray)
                return InferenceError.Invalid("messages", "messages must be an array of messages.");

            var count = 0;
            while (value.Read() && value.TokenType != JsonTokenType.EndArray)
            {
                if (value.TokenType != JsonTokenType.StartObject)
                    return InferenceError.Invalid($"messages[{count}]", $"messages[{count}] must be an object.");
                value.Skip();
                count++;
            }

            return count == 0 ? InferenceError.Invalid("messages", "messages is empty: give at least one message.") : null;
        }

        private InferenceError? ReadStreamOptions(ref Utf8JsonReader value)
        {
            if (value.TokenType == JsonTokenType.Null) return null;
            if (value.TokenType != JsonTokenType.StartObject)
                return InferenceError.Invalid("stream_options", "stream_options must be an object.");

            _hasStreamOptions = true;
            var seen = 0;
            while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
            {
                var isUsage = value.ValueTextEquals("include_usage"u8);
                value.Read();
                if (isUsage && RequestJson.NoteField(ref seen, 0, IncludeUsageName) is { } twice) return twice;
                if (isUsage && RequestJson.ReadBoolean(IncludeUsageName, ref value, out _includesUsage) is { } wrong) return wrong;
                value.Skip();
            }

            return null;
        }

        private InferenceError? ReadResponseFormat(ref Utf8JsonReader value)
        {
            if (value.TokenType == JsonTokenType.Null) return null;

            var error = ResponseFormat.Read(ref value, takesOwnFormats, out var format);
            (_schema, _wantsJsonObject) = (format.SchemaAt, format.IsJsonObject);
            return error;
        }

        private InferenceError? ReadTemperature(ref Utf8JsonReader value)
        {
            if (!_isChat || value.TokenType == JsonTokenType.Null) return null;
            if (value.TokenType != JsonTokenType.Number || !value.TryGetDouble(out var temperature) || temperature is not (>= 0 and <= 2))
                return InferenceError.Invalid("temperature", "temperature must be a number from 0 to 2.");

            _isRepeatable |= temperature == 0;
            return null;
        }

        private InferenceError? ReadSeed(ref Utf8JsonReader value)
        {
            if (!_isChat || value.TokenType == JsonTokenType.Null) return null;
            if (value.TokenType != JsonTokenType.Number || !value.TryGetInt64(out _))
                return InferenceError.Invalid("seed", "seed must be an integer of 64 bits.");

            _isRepeatable = true;
            return null;
        }
    }
}
