using System.Globalization;
using System.Text.Json;

namespace AiPlatform.Chaos.Promises;

/// <summary>Compares an answer with the correct one.</summary>
internal static class VectorCheck
{
    /// <summary>The vectors of an embedding response or of a job's output.</summary>
    public static float[][] VectorsOf(JsonElement list) =>
        [.. list.GetProperty("data")
            .EnumerateArray().Select(row => row.GetProperty("embedding").EnumerateArray().Select(x => x.GetSingle()).ToArray())];

    /// <returns>What is wrong; null when nothing is.</returns>
    public static string? Difference(GoodRequest request, IReadOnlyList<float[]> vectors)
    {
        if (vectors.Count != request.Vectors.Count)
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"{request.Name} has {request.Vectors.Count} inputs, and {vectors.Count} vectors came.");
        }

        for (var i = 0; i < vectors.Count; i++)
        {
            if (vectors[i].Length != request.Vectors[i].Length)
                return string.Create(CultureInfo.InvariantCulture, $"vector {i} of {request.Name} has {vectors[i].Length} dimensions.");
            var difference = ReferenceEmbeddings.LargestDifference(vectors[i], request.Vectors[i]);
            if (!(difference <= ReferenceEmbeddings.Tolerance))
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"vector {i} of {request.Name} is {difference} away from the right one.");
            }
        }

        return null;
    }
}
