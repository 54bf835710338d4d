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

    /// <summary>Exactly one of the two is set. Never throws, whatever the bytes.</summary>
    public static (string? Prompt, InferenceError? Error) Parse(ReadOnlyMemory<byte> body)
    {
        var fields = new Fields();
        if (RequestJson.ReadObject(
            body.Span, ref fields, static (ref Utf8JsonReader reader, ref Fields fields) => fields.Read(ref reader)) is { } malformed)
        {
            return (null, malformed);
        }
        return fields.Error is { } wrong ? (null, wrong) : fields.Prompt is { } prompt ? (prompt, null) : (null, Missing);
    }

    private static InferenceError Missing => InferenceError.Invalid(Name, "prompt is missing: give a question, or a text.");

    private struct Fields
    {
        private int _seen;

        public string? Prompt { get; private set; }

        public InferenceError? Error { get; private set; }

        public void Read(ref Utf8JsonReader reader)
        {
            var isPrompt = reader.ValueTextEquals("prompt"u8);
            if (!isPrompt) Error ??= Unknown(reader.GetString()!);
            else Error ??= RequestJson.NoteField(ref _seen, 0, Name);

            reader.Read();
            if (isPrompt) ReadPrompt(ref reader);
            reader.Skip();
        }

        private void ReadPrompt(ref Utf8JsonReader value)
        {
            if (!RequestJson.TryReadText(ref value, out var prompt))
                Error ??= InferenceError.Invalid(Name, "prompt must be a string of valid Unicode.");
            else if (JsonUnicode.LengthOf(prompt) is var length and (0 or > PromptRequest.MaxPromptLength))
                Error ??= InferenceError.Invalid(Name, $"prompt has {length} characters: give 1 to {PromptRequest.MaxPromptLength}.");
            Prompt = prompt ?? "";
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
