using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using AiPlatform.Gateway.Errors;
using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.Answers;

/// <summary>Validates a <see cref="PromptRequest"/>.</summary>
internal static class PromptRequestParser
{
    private const string Name = "prompt";

    private static readonly string[] FieldNames = [Name];

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    public static (string? Prompt, InferenceError? Error) Parse(ReadOnlyMemory<byte> body)
    {
        var fields = new Fields();
        if (KnownFields.Read(body.Span, ref fields) is { } malformed) return (null, malformed);

        if (fields.Prompt is null) fields.Known.Note(Name, "prompt is missing: give a question, or a text.");
        return fields.Known.FirstError is { } wrong ? (null, wrong) : (fields.Prompt, null);
    }

    private struct Fields() : IFieldValues
    {
        public KnownFields Known { get; } = new(FieldNames, Unknown);

        public string? Prompt { get; private set; }

        public InferenceError? ReadValue(string name, ref Utf8JsonReader value)
        {
            if (!RequestJson.TryReadText(ref value, out var prompt))
                return InferenceError.Invalid(Name, "prompt must be a string of valid Unicode.");

            Prompt = prompt;
            return JsonUnicode.LengthOf(prompt) is var length and (0 or > PromptRequest.MaxPromptLength)
                ? InferenceError.Invalid(Name, $"prompt has {length} characters: give 1 to {PromptRequest.MaxPromptLength}.") : null;
        }

        private static InferenceError Unknown(string name) =>
            InferenceError.Invalid(Refusals.Quoted(name), $"'{Refusals.Quoted(name)}' is not a field of this request. There is: prompt.");
    }
}

/// <summary>Body of every route with a typed answer.</summary>
internal sealed record PromptRequest
{
    public const int MaxPromptLength = 100_000;

    [Description("The question for the model, or the text that it works on.")]
    [StringLength(MaxPromptLength, MinimumLength = 1)]
    public required string Prompt { get; init; }
}
