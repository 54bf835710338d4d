using System.Text.Json;
using System.Text.Json.Serialization;
using AiPlatform.Gateway.Jobs;
using AiPlatform.Gateway.OpenAI;

namespace AiPlatform.Gateway.Json;

/// <summary>Writes a job's stored result as the JSON that the synchronous call would have answered.</summary>
internal sealed class JobAnswerConverter : JsonConverter<JobAnswer>
{
    public override JobAnswer Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Answers are written, never read.");

    // :: Step 9: answer. A job's output: floats become JSON or base64 here and nowhere before.
    // A provider's answer was read before it was stored, and may be deeper than the writer would read it.
    public override void Write(Utf8JsonWriter writer, JobAnswer value, JsonSerializerOptions options)
    {
        if (value.Embeddings is { } embeddings) EmbeddingJson.Write(writer, value.Model, embeddings);
        else writer.WriteRawValue(value.Json.Span, skipInputValidation: true);
    }
}
