namespace AiPlatform.InferenceWorker.Batching;

/// <summary>One measured run.</summary>
/// <param name="Rows">Its rows.</param>
/// <param name="Length">Tokens of each.</param>
/// <param name="Seconds">How long it took.</param>
internal readonly record struct CostSample(int Rows, int Length, double Seconds)
{
    public int Tokens => Rows * Length;
}
