namespace AiPlatform.Jobs.Tasks.Embeddings;

/// <summary>How the caller wants vectors written.</summary>
public enum EmbeddingFormat : byte
{
    /// <summary>JSON numbers.</summary>
    Float = 0,

    /// <summary>Base64 of little-endian 32-bit floats.</summary>
    Base64 = 1,
}
