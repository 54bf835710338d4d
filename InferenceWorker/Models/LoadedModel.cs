using AiPlatform.InferenceWorker.Batching;
using AiPlatform.InferenceWorker.Text;

namespace AiPlatform.InferenceWorker.Models;

/// <summary>A model that is loaded and warm.</summary>
/// <param name="Manifest">What it is.</param>
/// <param name="Tokenizer">Its tokenizer; any thread.</param>
/// <param name="Plan">How its rows share the device.</param>
/// <param name="Batcher">Its device threads.</param>
internal sealed record LoadedModel(ModelManifest Manifest, ITokenizer Tokenizer, BatchPlan Plan, EmbeddingBatcher Batcher);
