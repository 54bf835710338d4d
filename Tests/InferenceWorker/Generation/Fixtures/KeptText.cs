using AiPlatform.InferenceWorker.Generation;
using AiPlatform.InferenceWorker.Generation.Sampling;

namespace AiPlatform.Tests.InferenceWorker.Generation.Fixtures;

/// <summary>Collects the tokens of a row.</summary>
internal sealed class KeptText(Func<KeptText, bool>? onToken = null) : ITokenSink
{
    private readonly TaskCompletionSource<GenerationEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile int _count;

    public List<int> Tokens { get; } = [];

    public List<int> Positions { get; } = [];

    public List<float> LogProbabilities { get; } = [];

    public List<TokenLogProbability[]> Top { get; } = [];

    /// <summary>Tokens so far; any thread may read it.</summary>
    public int Count => _count;

    public Task<GenerationEnd> End => EndWithin(TimeSpan.FromMinutes(2));

    public Task<GenerationEnd> EndWithin(TimeSpan bound) => _end.Task.WaitAsync(bound);

    public bool OnToken(in GeneratedToken token)
    {
        Tokens.Add(token.Id);
        Positions.Add(token.Position);
        LogProbabilities.Add(token.LogProbability);
        Top.Add(token.Top.ToArray());
        _count++;
        return onToken?.Invoke(this) ?? true;
    }

    public void OnEnd(in GenerationEnd end)
    {
        if (!_end.TrySetResult(end)) throw new InvalidOperationException("It has ended before. This is a bug.");
    }
}
