using System.Text.Json;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.Tasks.Embeddings;

/// <summary>Embeddings, written from the stored floats, which become JSON or base64 only here.</summary>
internal sealed class EmbeddingAnswer(string model, EmbeddingOutput output) : TaskAnswer
{
    /// <summary>Bytes that are collected before they are sent.</summary>
    private const int FlushBytes = 64 * 1024;

    public override void Write(Utf8JsonWriter writer)
    {
        EmbeddingJson.WriteStart(writer);
        for (var row = 0; row < output.Rows; row++) EmbeddingJson.WriteRow(writer, output, row);
        EmbeddingJson.WriteEnd(writer, model, output);
    }

    // :: Step 9: answer. Large answers are sent while they are written.
    public override async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(response.BodyWriter, new JsonWriterOptions { SkipValidation = true });
        EmbeddingJson.WriteStart(writer);
        for (var row = 0; row < output.Rows; row++)
        {
            EmbeddingJson.WriteRow(writer, output, row);
            if (response.BodyWriter.UnflushedBytes + writer.BytesPending < FlushBytes) continue;
            writer.Flush();
            await response.BodyWriter.FlushAsync(httpContext.RequestAborted);
        }

        EmbeddingJson.WriteEnd(writer, model, output);
    }
}
