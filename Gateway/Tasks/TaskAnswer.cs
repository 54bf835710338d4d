using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks;

/// <summary>A job's result that can be written as the answer of the synchronous call, or as the output of a job.</summary>
[JsonConverter(typeof(TaskAnswerConverter))]
internal abstract class TaskAnswer : IResult
{
    /// <summary>Writes the whole answer.</summary>
    public abstract void Write(Utf8JsonWriter writer);

    // :: Step 9: answer. The dialect's response, written from the stored result.
    public virtual async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(httpContext.Response.BodyWriter, new JsonWriterOptions
        {
            SkipValidation = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
        Write(writer);
    }
}

/// <summary>Writes a job's stored result as the JSON of the synchronous call's answer.</summary>
internal sealed class TaskAnswerConverter : JsonConverter<TaskAnswer>
{
    public override TaskAnswer Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Answers are written, never read.");

    public override void Write(Utf8JsonWriter writer, TaskAnswer value, JsonSerializerOptions options) => value.Write(writer);
}
