using AiPlatform.Jobs.Tasks.Embeddings;

namespace AiPlatform.Gateway.Tasks.Embeddings;

/// <summary>Reads stored embeddings, and checks before anything is sent that they can be written as JSON.</summary>
internal static class StoredEmbeddings
{
    /// <summary>Exactly one of the two is set.</summary>
    public static (EmbeddingOutput? Output, InferenceError? Error) Read(JobOutput stored)
    {
        try
        {
            var output = EmbeddingOutput.Parse(stored.Content);
            return EveryNumberIsFinite(output)
                ? (output, null)
                : (null, new InferenceError
                {
                    Kind = InferenceErrorKind.ModelFailed,
                    Message = "The model gave numbers that are not finite.",
                });
        }
        catch (FormatException unreadable)
        {
            return (null, new InferenceError { Kind = InferenceErrorKind.Internal, Message = unreadable.Message });
        }
    }

    private static bool EveryNumberIsFinite(EmbeddingOutput output)
    {
        for (var row = 0; row < output.Rows; row++)
        {
            foreach (var value in output.Row(row))
                if (!float.IsFinite(value)) return false;
        }

        return true;
    }
}
