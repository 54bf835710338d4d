using System.ClientModel.Primitives;

namespace AiPlatform.Gateway.Providers.Clients;

/// <summary>
/// Stands where the SDK would retry, and does not. Nor does it let the SDK judge a status: that is ours, and it throws at some.
/// </summary>
internal sealed class SingleTryPolicy : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        message.ResponseClassifier = EveryStatus.Instance;
        ProcessNext(message, pipeline, currentIndex);
    }

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        message.ResponseClassifier = EveryStatus.Instance;
        return ProcessNextAsync(message, pipeline, currentIndex);
    }

    /// <summary>The SDK's own keeps a table of statuses that ends at 639.</summary>
    private sealed class EveryStatus : PipelineMessageClassifier
    {
        public static readonly EveryStatus Instance = new();

        public override bool TryClassify(PipelineMessage message, out bool isError)
        {
            isError = false;
            return true;
        }

        public override bool TryClassify(PipelineMessage message, Exception? exception, out bool isRetriable)
        {
            isRetriable = false;
            return true;
        }
    }
}
