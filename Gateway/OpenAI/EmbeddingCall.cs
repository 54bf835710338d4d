using AiPlatform.Jobs.Payloads;

namespace AiPlatform.Gateway.OpenAI;

/// <summary>What the Gateway needs of a valid embedding request; the rest stays in its bytes, for the worker.</summary>
/// <param name="Model">The model's name, not yet looked up.</param>
/// <param name="Rows">Inputs, 1 to 2,048.</param>
/// <param name="Format">How vectors are to be written.</param>
/// <param name="Dimensions">Length that vectors are to be cut to, 1 or more; null for the model's own.</param>
internal sealed record EmbeddingCall(string Model, int Rows, EmbeddingFormat Format, int? Dimensions);
