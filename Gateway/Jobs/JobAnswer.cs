using System.Text.Json.Serialization;
using AiPlatform.Gateway.Json;
using AiPlatform.Gateway.OpenAI;
using AiPlatform.Jobs;
using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.Jobs;

/// <summary>A job's result, to be written as the synchronous call would have answered.</summary>
[JsonConverter(typeof(JobAnswerConverter))]
internal sealed record JobAnswer
{
    private JobAnswer()
    {
    }

    public required string Model { get; init; }

    /// <summary>The result, when it is JSON already.</summary>
    public ReadOnlyMemory<byte> Json { get; private init; }

    /// <summary>The result, when it is embeddings.</summary>
    public EmbeddingOutput? Embeddings { get; private init; }

    /// <summary>Checks that a result can be written. Exactly one of the two is set.</summary>
    public static (JobAnswer? Answer, InferenceError? Error) Of(string model, JobOutput output)
    {
        switch (output.ContentType)
        {
            case JobOutput.Json:
                return (new JobAnswer { Model = model, Json = output.Content }, null);
            case EmbeddingOutput.ContentType:
                var (embeddings, unusable) = StoredEmbeddings.Read(output);
                return embeddings is null ? (null, unusable) : (new JobAnswer { Model = model, Embeddings = embeddings }, null);
            default:
                return (null, new InferenceError
                {
                    Kind = InferenceErrorKind.Internal,
                    Message = $"The result is of the type '{output.ContentType}', which this version cannot show.",
                });
        }
    }
}
