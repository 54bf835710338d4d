namespace AiPlatform.InferenceWorker.Tasks.Embeddings;

/// <summary>How the states of a text's tokens become one vector.</summary>
internal enum PoolingKind
{
    /// <summary>Their mean, padding left out.</summary>
    Mean,

    /// <summary>The first token's.</summary>
    Cls,
}
