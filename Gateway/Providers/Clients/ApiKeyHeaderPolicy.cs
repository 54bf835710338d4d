using System.ClientModel.Primitives;

namespace AiPlatform.Gateway.Providers.Clients;

/// <summary>Sends the key in a header of its own, instead of as a bearer token.</summary>
internal sealed class ApiKeyHeaderPolicy(string header, string key) : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Write(message);
        ProcessNext(message, pipeline, currentIndex);
    }

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Write(message);
        return ProcessNextAsync(message, pipeline, currentIndex);
    }

    private void Write(PipelineMessage message)
    {
        message.Request.Headers.Remove("Authorization");
        message.Request.Headers.Set(header, key);
    }
}
