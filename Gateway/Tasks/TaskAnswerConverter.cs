using System.Text.Json;
using System.Text.Json.Serialization;

namespace AiPlatform.Gateway.Tasks;

/// <summary>Writes a job's stored result as the JSON that the synchronous call would have answered.</summary>
internal sealed class TaskAnswerConverter : JsonConverter<TaskAnswer>
{
    public override TaskAnswer Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Answers are written, never read.");

    public override void Write(Utf8JsonWriter writer, TaskAnswer value, JsonSerializerOptions options) => value.Write(writer);
}
