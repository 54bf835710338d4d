using System.Globalization;
using System.Text.Json;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Jobs.Tasks.Generation;

/// <summary>Reads the fields that all routes share which generate text.</summary>
internal struct GenerationFields()
{
    /// <summary>The largest number of tokens that a field may have.</summary>
    public const int MaxTokens = 16_777_216;

    private const int MaxStops = 4;
    private const int MaxStopCharacters = 1_024;
    private const int MaxBiases = 1_024;

    private readonly List<string> _stops = [];
    private readonly Dictionary<int, double> _biases = [];
    private string? _model;
    private bool? _streams;
    private bool _hasStreamOptions;
    private bool? _includesUsage;
    private int? _choices;
    private double? _temperature;
    private double? _topP;
    private int? _topK;
    private double? _minP;
    private double? _presencePenalty;
    private double? _frequencyPenalty;
    private double? _repetitionPenalty;
    private long? _seed;
    private bool? _ignoresEnd;
    private ResponseFormat _format;

    public readonly string? Model => _model;

    /// <summary><c>n</c>, or 1.</summary>
    public readonly int Choices => _choices ?? 1;

    /// <summary>The error about a field that workers' models do not support yet; null when there is none.</summary>
    public InferenceError? Unsupported { get; private set; }

    /// <summary>The error of fields that do not fit together.</summary>
    public readonly InferenceError? Misfit => _hasStreamOptions && _streams != true
        ? InferenceError.Invalid("stream_options", "stream_options is only for streams: it needs \"stream\": true.") : null;

    /// <summary>A call with the fields that were read.</summary>
    /// <param name="call">The call.</param>
    /// <param name="body">The request's bytes.</param>
    public readonly T Fill<T>(T call, ReadOnlySpan<byte> body)
        where T : GenerationCall => (T)((GenerationCall)call with
        {
            WantsStream = _streams == true,
            IncludesUsage = _includesUsage == true,
            ChoicesPerPrompt = Choices,
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
            Grammar = _format.GrammarOf(body),
        });

    /// <summary>Notes a field that is not supported. Only the first one is reported.</summary>
    public void Refuse(string field, string message) => Unsupported ??= InferenceError.Invalid(field, message);

    /// <summary>Reads the value of a field that is not null.</summary>
    public InferenceError? Read(string name, ref Utf8JsonReader value) => name switch
    {
        "model" => ReadModel(ref value),
        "stream" => FieldValues.ReadFlag(name, ref value, out _streams),
        "stream_options" => ReadStreamOptions(ref value),
        "n" => FieldValues.ReadWhole(name, ref value, 1, GenerationCall.MaxChoices, out _choices),
        "temperature" => FieldValues.ReadNumber(name, ref value, 0, 2, out _temperature),
        "top_p" => FieldValues.ReadNumber(name, ref value, 0, 1, out _topP),
        // What vLLM's clients send for no limit is -1.
        "top_k" => FieldValues.ReadWhole(name, ref value, -1, int.MaxValue, out _topK),
        "min_p" => FieldValues.ReadNumber(name, ref value, 0, 1, out _minP),
        "presence_penalty" => FieldValues.ReadNumber(name, ref value, -2, 2, out _presencePenalty),
        "frequency_penalty" => FieldValues.ReadNumber(name, ref value, -2, 2, out _frequencyPenalty),
        "repetition_penalty" => FieldValues.ReadNumber(name, ref value, 0.01, 100, out _repetitionPenalty),
        "seed" => ReadSeed(ref value),
        "stop" => ReadStops(ref value),
        "logit_bias" => ReadBiases(ref value),
        "ignore_eos" => FieldValues.ReadFlag(name, ref value, out _ignoresEnd),
        "response_format" => ReadResponseFormat(ref value),
        _ => throw new ArgumentException($"There is no field '{name}'.", nameof(name)),
    };

    private InferenceError? ReadModel(ref Utf8JsonReader value)
    {
        var wrong = RequestJson.ReadModel(ref value, out _model);
        _model ??= "";
        return wrong;
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
                && FieldValues.ReadFlag(IncludeUsage, ref value, out _includesUsage) is { } wrong)
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
        var rule = $"{name} must be a string of 1 to {MaxStopCharacters} characters.";
        if (!RequestJson.TryReadText(ref value, out var stop)) return RequestJson.NotText(ref value, name, rule);
        if (stop.Length == 0 || IsLong(stop)) return InferenceError.Invalid(name, rule);
        _stops.Add(stop);
        return null;
    }

    /// <summary>Whether it is too long in characters; a surrogate pair is one character.</summary>
    private static bool IsLong(string stop) => stop.Length > MaxStopCharacters && stop.EnumerateRunes().Count() > MaxStopCharacters;

    private readonly InferenceError? ReadBiases(ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartObject)
            return InferenceError.Invalid("logit_bias", "logit_bias must be an object with a number for each token.");

        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            if (!int.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var token))
                return InferenceError.Invalid("logit_bias", "the keys of logit_bias must be token ids, which are whole numbers.");

            var name = $"logit_bias.{token}";
            value.Read();
            if (FieldValues.ReadNumber(name, ref value, -100, 100, out var bias) is { } wrong) return wrong;
            if (!_biases.TryAdd(token, bias!.Value)) return InferenceError.Invalid(name, $"{name} occurs twice: give it once.");
            if (_biases.Count > MaxBiases) return InferenceError.Invalid("logit_bias", $"logit_bias has more than {MaxBiases} tokens.");
        }

        return null;
    }

    private InferenceError? ReadResponseFormat(ref Utf8JsonReader value) => ResponseFormat.Read(ref value, takesOwn: true, out _format);
}
