using AiPlatform.InferenceWorker.Batching;
using AiPlatform.Jobs.Tasks.Classification;

namespace AiPlatform.InferenceWorker.Tasks.Classification;

/// <summary>The rows of one request, and the buffer that their scores are written into.</summary>
/// <param name="tokenIds">See <see cref="RowRequest"/>.</param>
/// <param name="seconds">See <see cref="RowRequest"/>.</param>
/// <param name="output">Made by <see cref="ClassificationOutput.Create"/> with as many rows.</param>
/// <param name="scoresPerRow">How many scores each row has.</param>
internal sealed class ClassificationRun(int[][] tokenIds, int[] seconds, byte[] output, int scoresPerRow) : RowRequest(tokenIds, seconds)
{
    public int ScoresPerRow => scoresPerRow;

    public void Write(int row, int place, int label, float score) => ClassificationOutput.Write(output, row, place, label, score);
}
