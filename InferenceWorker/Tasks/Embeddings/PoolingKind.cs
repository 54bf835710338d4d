namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>How the states of a text's tokens become one vector.</summary>
internal enum PoolingKind
{
    /// <summary>The mean of the states, without padding.</summary>
    Mean,

    /// <summary>The state of the first token.</summary>
    Cls,
}
