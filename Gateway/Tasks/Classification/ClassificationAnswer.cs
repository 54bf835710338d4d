using System.Text.Json;
using AiPlatform.Jobs.Tasks.Classification;

namespace AiPlatform.Gateway.Tasks.Classification;

/// <summary>Labels and scores, written from the stored result; see <see cref="ClassificationList"/>.</summary>
internal sealed class ClassificationAnswer(string model, ClassificationOutput output) : TaskAnswer
{
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
        for (var row = 0; row < output.Rows; row++) WriteRow(writer, row);
        writer.WriteEndArray();
        writer.WriteString("model"u8, model);
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, output.PromptTokens);
        writer.WriteNumber("total_tokens"u8, output.PromptTokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void WriteRow(Utf8JsonWriter writer, int row)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, row);
        writer.WriteString("label"u8, output.Labels[output.ScoreOf(row, 0).Label]);
        writer.WriteStartArray("scores"u8);
        for (var place = 0; place < output.ScoresPerRow; place++)
        {
            var (label, score) = output.ScoreOf(row, place);
            writer.WriteStartObject();
            writer.WriteString("label"u8, output.Labels[label]);
            writer.WriteNumber("score"u8, score);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
